"""What of an evaluation's settings is recorded: the names in `identity_names`, and safe values."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from caopd_bench.core.numbers import finite
from caopd_bench.core.privacy.credentials import (
    LEFT_OUT,
    holds_secret,
    is_secret_name,
    looks_random,
    same_environment,
)
from caopd_bench.core.privacy.names import ARGUMENTS, DECODING, METADATA, QUANTISATION, Kind, Rule
from caopd_bench.core.privacy.places import (
    clean_text_urls,
    clean_url,
    is_path,
    is_url,
    shorten_path,
)

__all__ = [
    "Kept",
    "find_values",
    "is_printable",
    "is_quantisation",
    "is_recorded",
    "keep_named",
    "list_left_out",
]

#: Nothing that we or lm-eval write is nested as deep.
MAX_DEPTH = 20
MAX_LENGTH = 500
#: What stands for a name that is not safe to print, and for text between commas without a name.
OTHER_NAME, NO_NAME = "another name", "text without a name"
PARTS_OF_ADDRESS = " (parts of an address)"
_QUANTISATION = re.compile(r"[\w.]*(?:quant|load_in|bnb_|gguf|gptq)[\w.]*")
#: In a name that is on no list: what it holds is nobody's to know.
_SECRET_PART = re.compile(r"pass|licen[cs]e|key|token|auth|secret")
_SAFE_NAME = re.compile(r"[a-z](?:[a-z_\-]|\d(?!\d{3}))*")
_LETTERS = re.compile(r"[A-Za-z][A-Za-z_\-]*")
_MAX_NAME = 40
#: A setting of decoding as a task has it, which lm-eval merges from those of the run.
_OF_TASK = re.compile(r"tasks\..+\.(?:effective_)?generation\.(?P<setting>.+)")
#: What stands for a number. One letter more, and it could be a password.
_NUMBER = re.compile(
    r"\s*[-+]?(?:\d{1,20}(?:\.\d*)?|\.\d+)(?:e[-+]?\d{1,4})?\s*|"
    r"auto(?::\d+(?:\.\d+)?)?|none|null|true|false|inf|infinity|nan|max|min|default|",
    re.IGNORECASE,
)
#: Mappings that lm-eval also takes as ``k=v,k=v``.
_OF_PAIRS = (ARGUMENTS, DECODING, METADATA)
_WORD = Kind.PLAIN
#: Commas within one list or mapping.
MAX_PIECES = 100
_NOTHING: tuple[Any, ...] = (None, "", [], {}, ())


class Kept(NamedTuple):
    """What is recorded.

    Attributes
    ----------
    value : Any
        Plain values that strict JSON can hold.
    left_out : list of str
        The names of what is missing in it, such as ``model_args.api_key``; never a value.
    shortened : list of str
        The names of paths of which the last parts are kept.
    """

    value: Any
    left_out: list[str]
    shortened: list[str]


def keep_named(value: Any, rule: Rule, name: str = "") -> Kept:
    """Keep what a rule names, at every depth.

    Parameters
    ----------
    value : Any
        As it was read; a text such as ``a=1,b=2``, where lm-eval takes one, becomes a mapping.
    rule : Rule
        Of `identity_names`.
    name : str
        Of the value, in `left_out`.

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


def list_left_out(names: Iterable[str]) -> str:
    """Put names together by where they stood; what a task repeats of the run is named once.

    Examples
    --------
    >>> list_left_out(["model_args.api_key", "model_args.header", "gen_kwargs.token"])
    'model_args api_key, header; gen_kwargs token'
    >>> list_left_out(["gen_kwargs.stop", "tasks.gsm8k.generation.stop"])
    'gen_kwargs stop'
    """
    listed = list(dict.fromkeys(names))
    places: dict[str, list[str]] = {}
    for name in listed:
        own = _OF_TASK.fullmatch(name)
        if own and f"gen_kwargs.{own['setting']}" in listed:
            continue
        place, mark, last = name.rpartition(".")
        places.setdefault(place if mark else name, []).extend([last] if mark else [])
    return "; ".join(f"{place} {', '.join(found)}".strip() for place, found in places.items())


def is_recorded(name: str, rule: Rule) -> bool:
    """Say whether a setting that was left out is one that is recorded: then its value was unsafe.

    Parameters
    ----------
    name : str
        Of `Kept.left_out`.
    rule : Rule
        That it was kept by.

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
        # Such a name is the user's, and may hold dots itself.
        ends = [i for i, letter in enumerate(name) if letter == "."]
        return not ends or any(is_recorded(name[end + 1 :], rule[None]) for end in ends)
    word, _, rest = name.removesuffix(PARTS_OF_ADDRESS).partition(".")
    inner = rule.get(word) or _quantisation(word, rule)
    return inner is not None and is_recorded(rest, inner)


def find_values(value: Any, rule: Rule) -> set[str]:
    """Give the texts that a rule leaves out, to find them where they stand in other texts.

    Those of fewer than six characters are words that stand elsewhere too.
    """
    cleaner = _Cleaner()
    cleaner.keep(value, rule, "", 0)
    return {text for text in cleaner.values if len(text) >= 6}


def is_printable(name: str) -> bool:
    """Say whether a name of `Kept.left_out`, read back from a file, holds names and no more."""
    plain = name.removesuffix(PARTS_OF_ADDRESS)
    return all(part == OTHER_NAME or _safe(part) == part for part in plain.split("."))


class _Out:
    """What is left out, where None is a value."""


_OUT = _Out()


class _Cleaner:
    def __init__(self) -> None:
        self.left: list[str] = []
        self.short: list[str] = []
        self.values: set[str] = set()

    def keep(self, value: Any, rule: Rule, name: str, depth: int) -> Any:
        """Give what is kept of a value, or `_OUT`."""
        if depth > MAX_DEPTH:
            return self._leave(value, name)
        if isinstance(value, str):
            parsed = _parse(value, rule)
            if parsed is not value:
                return self.keep(parsed, rule, name, depth + 1)
        if isinstance(value, (list, tuple)):
            kept = [self.keep(item, rule, name, depth + 1) for item in value]
            found = [item for item in kept if item is not _OUT]
            # An empty list would read as a setting that was given as none.
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
            inner = f"{name}.{_safe(word)}" if name else _safe(word)
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
        """Keep a mapping whose names are not known, where there may be one."""
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
            plain = clean_text_urls(text)  # an address in the middle of it
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
    """Say whether a setting of any backend is of quantisation.

    Examples
    --------
    >>> is_quantisation("bnb_4bit_quant_type"), is_quantisation("quant_api_key")
    (True, False)
    """
    is_one = _QUANTISATION.fullmatch(name) and not _SECRET_PART.search(name)
    return bool(is_one) and not is_secret_name(name)


def _quantisation(word: str, rules: Mapping[str | None, Rule]) -> Rule | None:
    """Let the many names of quantisation pass: runs are compared by it."""
    if rules is not ARGUMENTS and rules is not ARGUMENTS["model_kwargs"]:
        return None
    if not is_quantisation(word):
        return None
    return QUANTISATION if word.endswith("config") else Kind.NUMBER


def _is_number(value: Any) -> bool:
    return isinstance(value, (bool, int, float))


def _safe(word: str) -> str:
    """Give a name that may be printed: of a text in pairs it may be part of a value."""
    if word == NO_NAME:
        return word
    if len(word) > _MAX_NAME:
        return OTHER_NAME
    is_safe = _SAFE_NAME.fullmatch(word) or (_LETTERS.fullmatch(word) and is_secret_name(word))
    if not is_safe or looks_random(word) or holds_secret(word):
        return OTHER_NAME
    return word


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        yield value.rpartition(" ")[2]  # of `Bearer KEY`
    elif isinstance(value, Mapping) and depth <= MAX_DEPTH:
        for item in value.values():
            yield from _texts(item, depth + 1)
    elif isinstance(value, Sequence) and depth <= MAX_DEPTH:
        for item in value:
            yield from _texts(item, depth + 1)


def _lost(text: str, cleaned: str) -> set[str]:
    """Give the parts of an address that are not in the cleaned one."""
    return {part for part in re.split(r"[/:@?#&=;,\s]+", text) if part and part not in cleaned}


def _parse(text: str, rule: Rule) -> Any:
    """Give the mapping or list that a text writes out, else the text itself."""
    plain = text.strip()
    if plain[:1] == plain[-1:] == '"' and len(plain) < 2 * MAX_LENGTH:
        plain = _unquote(plain)
    if plain[:1] in ("{", "["):
        for read in (json.loads, ast.literal_eval):
            try:
                found = read(plain)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            if isinstance(found, (Mapping, list)):
                return found
    if any(rule is known for known in _OF_PAIRS) and plain:
        return _split_pairs(plain)
    return text


def _unquote(text: str) -> str:
    """Give the JSON that a JSON text holds, as a setting that went through two programs does."""
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        return text
    is_document = isinstance(inner, str) and inner.strip()[:1] in ("{", "[", '"')
    return inner.strip() if is_document else text


def _split_pairs(text: str) -> dict[str, Any]:
    """Read ``k=v,k=v`` as lm-eval does: every comma parts, but for those in a list or mapping."""
    pairs: dict[str, Any] = {}
    for piece in _pieces(text):
        key, mark, value = piece.partition("=")
        if mark:
            pairs[key.strip()] = _word(value.strip())
        elif piece.strip():
            pairs[NO_NAME] = piece
    return pairs


def _pieces(text: str) -> Iterator[str]:
    parts = text.split(",")
    at = 0
    while at < len(parts):
        end = at + 1
        if parts[at].partition("=")[2].strip()[:1] in ("{", "["):
            closed = (
                i
                for i in range(at + 1, min(len(parts), at + MAX_PIECES) + 1)
                if parts[i - 1].rstrip()[-1:] in ("}", "]")
                and not isinstance(_parse(",".join(parts[at:i]).partition("=")[2], _WORD), str)
            )
            end = next(closed, end)
        yield ",".join(parts[at:end])
        at = end


def _word(value: str) -> Any:
    """Read a value as lm-eval does (`handle_arg_string`)."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    known = {"true": True, "false": False, "none": None}
    if value.lower() in known:
        return known[value.lower()]
    for read in (int, float):
        try:
            return read(value)
        except ValueError:
            continue
    return value
