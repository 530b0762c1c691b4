"""Keep the settings of an evaluation that `names` lists, if their values are safe."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from caopd_bench.core.numbers import finite
from caopd_bench.core.privacy.credentials import (
    LEFT_OUT,
    holds_secret,
    is_secret_name,
    same_environment,
)
from caopd_bench.core.privacy.left_out import PARTS_OF_ADDRESS, safe_name
from caopd_bench.core.privacy.names import ARGUMENTS, QUANTISATION, Kind, Rule
from caopd_bench.core.privacy.paths import (
    clean_text_urls,
    clean_url,
    is_path,
    is_url,
    shorten_path,
)
from caopd_bench.core.privacy.written import MAX_LENGTH, NO_NAME, read_written

__all__ = [
    "Kept",
    "find_values",
    "is_quantisation",
    "is_recorded",
    "keep_named",
]

#: Maximum nesting; neither we nor lm-eval write anything nested as deeply.
MAX_DEPTH = 20
_QUANTISATION = re.compile(r"[\w.]*(?:quant|load_in|bnb_|gguf|gptq)[\w.]*")
#: These words in an unlisted name suggest a private value.
_SECRET_PART = re.compile(r"pass|licen[cs]e|key|token|auth|secret")
#: Words that replace a number. Any other word could be a password.
_NUMBER = re.compile(
    r"\s*[-+]?(?:\d{1,20}(?:\.\d*)?|\.\d+)(?:e[-+]?\d{1,4})?\s*|"
    r"auto(?::\d+(?:\.\d+)?)?|none|null|true|false|inf|infinity|nan|max|min|default|",
    re.IGNORECASE,
)
_NOTHING: tuple[Any, ...] = (None, "", [], {}, ())


class Kept(NamedTuple):
    """The recorded part of a value.

    Attributes
    ----------
    value : Any
        Plain values, fit for strict JSON.
    left_out : list of str
        Names of omitted settings, such as ``model_args.api_key``; never their values.
    shortened : list of str
        Names of paths of which only the last parts are kept.
    """

    value: Any
    left_out: list[str]
    shortened: list[str]


def keep_named(value: Any, rule: Rule, name: str = "") -> Kept:
    """Keep the settings that a rule names, at every depth.

    Parameters
    ----------
    value : Any
        The value as read; a text such as ``a=1,b=2`` becomes a mapping where lm-eval accepts one.
    rule : Rule
        A rule of `names`.
    name : str
        Name of the value in `left_out`.

    Examples
    --------
    >>> from caopd_bench.core.privacy.names import ARGUMENTS
    >>> kept = keep_named({"pretrained": "/home/me/x/ckpt/1", "api_key": "a"}, ARGUMENTS, "args")
    >>> kept.value, kept.left_out
    ({'pretrained': 'ckpt/1'}, ['args.api_key'])
    """
    cleaner = _Cleaner()
    with same_environment():
        kept = cleaner.keep(value, rule, name, 0)
    left = list(dict.fromkeys(cleaner.left))
    return Kept(None if kept is _OUT else kept, left, list(dict.fromkeys(cleaner.short)))


def is_recorded(name: str, rule: Rule) -> bool:
    """Return whether an omitted setting is normally recorded, so that its value was unsafe.

    Parameters
    ----------
    name : str
        An entry of `Kept.left_out`.
    rule : Rule
        The rule that was applied.

    Examples
    --------
    >>> from caopd_bench.core.privacy.names import RUN
    >>> is_recorded("model_args.revision", RUN), is_recorded("model_args.api_key", RUN)
    (True, False)
    """
    if not name:
        return True
    if not isinstance(rule, Mapping):
        return False
    if list(rule) == [None]:
        # The user chooses such a name, which may contain dots.
        ends = [i for i, letter in enumerate(name) if letter == "."]
        return not ends or any(is_recorded(name[end + 1 :], rule[None]) for end in ends)
    word, _, rest = name.removesuffix(PARTS_OF_ADDRESS).partition(".")
    inner = rule.get(word) or _quantisation(word, rule)
    return inner is not None and is_recorded(rest, inner)


def find_values(value: Any, rule: Rule) -> set[str]:
    """Return the texts that a rule leaves out, in order to find them within other texts.

    Texts of fewer than six characters are skipped, as they may be ordinary words.
    """
    cleaner = _Cleaner()
    cleaner.keep(value, rule, "", 0)
    return {text for text in cleaner.values if len(text) >= 6}


class _Out:
    """Marks an omitted value, since None is a value."""


_OUT = _Out()


class _Cleaner:
    def __init__(self) -> None:
        self.left: list[str] = []
        self.short: list[str] = []
        self.values: set[str] = set()
        # Cached, since thousands of tasks share the same few names.
        self._safe_name = lru_cache(maxsize=1024)(safe_name)

    def keep(self, value: Any, rule: Rule, name: str, depth: int) -> Any:
        """Return the part of a value that is kept, or `_OUT`."""
        if depth > MAX_DEPTH:
            return self._leave(value, name)
        if isinstance(value, str):
            parsed = read_written(value, rule)
            if parsed is not value:
                return self.keep(parsed, rule, name, depth + 1)
        if isinstance(value, (list, tuple)):
            kept = [self.keep(item, rule, name, depth + 1) for item in value]
            found = [item for item in kept if item is not _OUT]
            # An empty list would look like a setting that was given as empty.
            return found if found or not value else _OUT
        if isinstance(rule, Mapping):
            if isinstance(value, Mapping):
                return self._keep_mapping(value, rule, name, depth)
            return finite(value) if _is_number(value) or value is None else self._leave(value, name)
        if isinstance(value, Mapping):
            return self._keep_words(value, rule, name)
        if value is None or _is_number(value):
            return finite(value)
        return self._keep_text(str(value), rule, name)

    def _keep_mapping(
        self, value: Mapping[Any, Any], rules: Mapping[str | None, Rule], name: str, depth: int
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, item in value.items():
            word = str(key)
            safe = self._safe_name(word)
            inner = f"{name}.{safe}" if name else safe
            rule = rules.get(word, rules.get(None)) or _quantisation(word, rules)
            if rule is None:
                if item not in _NOTHING:
                    self._leave(item, inner)
                continue
            kept = self.keep(item, rule, inner, depth + 1)
            if kept is not _OUT:
                found[word] = kept
        return found

    def _keep_words(self, value: Mapping[Any, Any], rule: Rule, name: str) -> Any:
        """Keep a mapping with unknown names, where the rule allows one."""
        if rule is Kind.NUMBERS and all(
            re.fullmatch(r"-?\d{1,9}", str(key)) and _is_number(item) for key, item in value.items()
        ):
            return {str(key): finite(item) for key, item in value.items()}
        if rule is Kind.VERSIONS and all(
            re.fullmatch(r"[A-Za-z][\w.\-]{0,60}", str(key))
            and re.fullmatch(r"v?\d[\w.+!\-]{0,60}", str(item))
            and not holds_secret(str(key))
            and not holds_secret(str(item), hashes=True)
            for key, item in value.items()
        ):
            return {str(key): str(item) for key, item in value.items()}
        return self._leave(value, name)

    def _keep_text(self, text: str, rule: Kind, name: str) -> Any:
        if len(text) > MAX_LENGTH or rule in (Kind.NUMBERS, Kind.VERSIONS):
            return self._leave(text, name)
        if rule is Kind.NUMBER and not _NUMBER.fullmatch(text):
            return self._leave(text, name)
        if is_url(text):
            cleaned = clean_url(text)
            if cleaned != text:
                self.left.append(name + PARTS_OF_ADDRESS)
                self.values |= _lost(text, cleaned)
            return cleaned
        if text and (rule is Kind.PLACE or (rule is not Kind.TEXT and is_path(text))):
            plain = clean_text_urls(text)  # cleans addresses within the text
            cleaned = shorten_path(plain)
            if plain != text:
                self.left.append(name + PARTS_OF_ADDRESS)
                self.values |= _lost(text, plain)
            elif cleaned.count(LEFT_OUT) > text.count(LEFT_OUT):
                self.left.append(name)
                self.values.add(text)
            elif cleaned != text:
                self.short.append(name)
            return cleaned
        cleaned = clean_text_urls(text)
        if holds_secret(cleaned, hashes=rule is Kind.HASH):
            return self._leave(text, name)
        if cleaned != text:
            self.left.append(name + PARTS_OF_ADDRESS)
            self.values |= _lost(text, cleaned)
        return cleaned

    def _leave(self, value: Any, name: str) -> _Out:
        self.left.append(name or NO_NAME)
        self.values |= set(_texts(value))
        return _OUT


def is_quantisation(name: str) -> bool:
    """Return whether a setting of any backend concerns quantisation.

    Examples
    --------
    >>> is_quantisation("bnb_4bit_quant_type"), is_quantisation("quant_api_key")
    (True, False)
    """
    is_one = _QUANTISATION.fullmatch(name) and not _SECRET_PART.search(name)
    return bool(is_one) and not is_secret_name(name)


def _quantisation(word: str, rules: Mapping[str | None, Rule]) -> Rule | None:
    """Allow the many names of quantisation settings, by which runs are compared."""
    if rules is not ARGUMENTS and rules is not ARGUMENTS["model_kwargs"]:
        return None
    if not is_quantisation(word):
        return None
    return QUANTISATION if word.endswith("config") else Kind.NUMBER


def _is_number(value: Any) -> bool:
    return isinstance(value, (bool, int, float))


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        yield value.rpartition(" ")[2]  # the word before the key in `Bearer KEY`
    elif isinstance(value, Mapping) and depth <= MAX_DEPTH:
        for item in value.values():
            yield from _texts(item, depth + 1)
    elif isinstance(value, Sequence) and depth <= MAX_DEPTH:
        for item in value:
            yield from _texts(item, depth + 1)


def _lost(text: str, cleaned: str) -> set[str]:
    """Return the parts of an address that are not in the cleaned one."""
    return {part for part in re.split(r"[/:@?#&=;,\s]+", text) if part and part not in cleaned}
