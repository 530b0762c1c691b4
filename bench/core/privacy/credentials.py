"""Detect text that looks like a key, a token or a password, and remove it.

No list of keys can be complete, so doubtful text is left out. This is the second guard: the first
is `keep`, which keeps only settings that `names` lists.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from itertools import pairwise

__all__ = [
    "LEFT_OUT",
    "clean_name",
    "holds_secret",
    "is_secret_name",
    "looks_random",
    "redact",
    "same_environment",
]

#: Cached secrets of the environment; set by `same_environment`.
_FOUND: ContextVar[frozenset[str] | None] = ContextVar("found", default=None)

#: Replacement for a secret.
LEFT_OUT = "(left out)"

#: Prefixes of the keys of common services.
_SURE = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-(?:proj|ant|or|svcacct|admin)-|(?:nvapi|glpat|xox[a-z])-|gsk_|github_pat_|"
    r"[spr]k_(?:live|test)_|gh[opsur]_|AIza|ya29\.|(?:AKIA|ASIA|ABIA|ACCA)(?=[A-Z0-9]))[\w.\-]{4,}"
)
#: Prefixes that model names share (``pplx-7b-chat``, ``sk-mistral``): `_is_drawn` decides.
_LIKELY = re.compile(
    r"(?<![A-Za-z0-9])(?P<start>(?:sk|gsk|xai|csk|pplx|xapp|key|pypi|tvly|pk|rk)-|SG\.|dapi|"
    r"(?:hf|api_org|r8|npm|lsv2|fw|tgp_v1|dop_v1|jina|co|wandb_v1|shpat)_)(?P<rest>[\w.\-]{4,})"
)
_JWT = re.compile(r"(?<![\w])eyJ[\w\-]{5,}\.[\w\-]{3,}(?:\.[\w\-]*)?")
_PEM = re.compile(r"-----BEGIN [A-Z ]*-----.*?(?:-----END [A-Z ]*-----|\Z)", re.DOTALL)
_BEARER = re.compile(
    r"(?i)\bbearer[\s:=]+[^\s\"',;}\])]{3,}"
    r"|\b(?:basic|token|apikey|negotiate|digest|splunk|key)\s+"
    r"(?=[^\s\"',;}\])]*[\d=+/])[\w.\-+/=~:]{12,}"
)
#: `user:password@` before a host, with or without a scheme.
_USER = re.compile(
    r"(?P<before>[A-Za-z][A-Za-z0-9+.\-]{0,30}://|(?<![^\s\"'=(,\[{<:]))"
    r"(?P<user>[^\s/@\"'<>:]{0,200}:[^\s@\"'<>]{1,500})@"
)
_USER_ALONE = re.compile(
    r"(?P<before>[A-Za-z][A-Za-z0-9+.\-]{0,30}://)(?P<user>[^\s/@\"'<>?#]{1,500})@"
)
_QUERY = re.compile(
    r"(?P<before>[A-Za-z][A-Za-z0-9+.\-]{0,30}://[^\s\"'<>?#]{1,500})\?(?!\(left)[^\s\"'<>)]+"
)
_NAMES = (
    r"(?:api|(?:shared)?access|private|subscription|account|master|licen[cs]e|auth|encryption|signing|storage|"
    r"service|deploy|ssh|admin|root|client|primary|webhook)[-_. ]?key|apikey|secret|"
    r"passw(?:or)?d|passphrase|passwd|pwd|(?<=[-_.])pass|pw|credentials?|"
    r"auth(?:orization|entication)?|bearer|cookie|session[-_]?id|signature|sig|jwt|"
    r"client[-_]?secret|sas|"
    r"(?:auth|access|refresh|id|session|security|api|hub|hf|bot|user|github|bearer)[-_]?token|token"
)
#: `api_key=...`, `"Authorization": "..."`; not `max_tokens=`, `think_end_token=`, `author:`.
_PAIR = re.compile(
    rf"(?i)(?<![A-Za-z0-9])(?P<name>(?:[A-Za-z0-9]+[-_.]){{0,6}}(?:{_NAMES}))"
    r"(?P<mark>[\"']?\s*(?:=>|[:=])\s*(?:[\"']\s*)?)(?P<value>[^\s\"',;&}\])]{3,})"
)
#: `--password word`, as in a command line.
_OPTION = re.compile(
    rf"(?i)(?<![^\s\"'])(?P<name>--(?:[A-Za-z0-9]+[-_]){{0,6}}(?:{_NAMES}))"
    r"(?P<mark>\s+[\"']?)(?P<value>(?!-|\(left)[^\s\"',;&}\])]{3,})"
)
#: Here a short word or a fraction is a setting: `auth: basic`, `token=mean`, `sig=0.05`.
_WORDY = re.compile(
    r"(?i)-*(?:.*[-_.])?(?:(?:auth(?:entication)?|token|bearer|cookie|credentials?)=[a-z]{1,10}|"
    r"sig=[-+]?\d{0,3}\.\d{1,6})"
)
#: Addresses that grant write access to anyone who knows them.
_HOOK = re.compile(
    r"(?i)(?P<before>hooks\.slack\.com/(?:services|workflows|triggers)/|"
    r"discord(?:app)?\.com/api/webhooks/|webhook\.office\.com/\w+/)(?!\(left)[^\s\"'<>]+|"
    r"(?<![A-Za-z0-9])(?P<bot>bot)?\d{8,12}:[\w\-]{30,}"
)
_SECRET_NAME = re.compile(rf"(?i)(?:^|.*[-_.\s])(?:{_NAMES}|header|headers|key)s?(?:[-_.].*)?$")
#: Names that contain one of the words but hold no secret.
_HARMLESS_NAME = re.compile(
    r"(?i)(?:.*[-_])?(?:think|end|eos|bos|pad|unk|prefix|stop|image|start|mask|sep|cls|special|"
    r"num|n|max|min|skip|add)s?[-_].*tokens?(?:[-_].*)?|.*tokens(?:[-_].*)?|tokens?[-_]ids?|key[-_]?(?:bits|dim|size)"
)
_RUN = re.compile(r"[A-Za-z0-9]{20,}")
_JOINED = re.compile(r"[A-Za-z0-9_\-]{24,}")
_HEX = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")
_UUID = re.compile(r"(?i)(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])")
#: Share of neighbouring characters of different kinds (lower case, upper case, digit): it is small
#: in words and versions, about 0.6 in random text, and about 0.4 in random text in lower case.
_UNLIKE, _UNLIKE_JOINED, _UNLIKE_LETTERS = 0.2, 0.5, 0.48
_PASSES = 8
#: Minimum characters of a secret; shorter runs of letters and digits occur in model names.
_LEAST = 8
#: Minimum characters of a variable's value; shorter ones may be words (`CI_AUTH=bfloat16`).
_LEAST_VALUE = 12
#: In variables with these names every word is a secret.
_PASSWORD = re.compile(r"(?i).*(?:pass|pwd|secret|token|api_?key)")


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Return whether a setting of this name may hold a secret.

    Examples
    --------
    >>> [is_secret_name(name) for name in ("OPENAI_API_KEY", "auth_token", "Authorization")]
    [True, True, True]
    >>> [is_secret_name(name) for name in ("max_tokens", "think_end_token", "tokenizer", "author")]
    [False, False, False, False]
    """
    return bool(_SECRET_NAME.fullmatch(name)) and not _HARMLESS_NAME.fullmatch(name)


def looks_random(text: str, *, hashes: bool = False) -> bool:
    """Return whether a part of a text looks drawn at random, as keys are.

    Parameters
    ----------
    text : str
    hashes : bool
        Allow hexadecimal digits, where a fingerprint, a commit or a run's id is expected.

    Examples
    --------
    >>> looks_random("mQ3xZ81kLp0aYv7RtW2s"), looks_random("Qwen2.5-Coder-32B-Instruct-GPTQ-Int4")
    (True, False)
    """
    if not hashes and _UUID.search(text):
        return True
    for pattern, least in ((_RUN, _UNLIKE), (_JOINED, _UNLIKE_JOINED)):
        for found in pattern.finditer(text):
            run = re.sub(r"[_\-]", "", found.group())
            if _HEX.fullmatch(run):
                if hashes:
                    continue
                return True
            kinds = [0 if c.isdigit() else 1 if c.islower() else 2 for c in run]
            unlike = sum(a != b for a, b in pairwise(kinds))
            if unlike > least * len(run) and (0 in kinds or unlike > _UNLIKE_LETTERS * len(run)):
                return True
    return False


def holds_secret(text: str, *, hashes: bool = False) -> bool:
    """Return whether a text contains a likely secret; see `looks_random` for `hashes`.

    Examples
    --------
    >>> holds_secret("Bearer abcdef"), holds_secret("postgres://me:word@host/x")
    (True, True)
    >>> holds_secret("meta-llama/Llama-3.1-8B-Instruct"), holds_secret("</think>")
    (False, False)
    """
    return redact(text) != text or looks_random(text, hashes=hashes)


def redact(text: str, known: Iterable[str] = ()) -> str:
    """Replace certain secrets in text for people: an error, a command, a traceback.

    Parameters
    ----------
    text : str
    known : iterable of str
        Known secrets, replaced wherever they occur, like the values of environment variables whose
        names suggest a secret (``HF_TOKEN``, ``OPENAI_API_KEY``).

    Examples
    --------
    >>> redact("401 for https://me:word@host/v1?key=abc123")
    '401 for https://host/v1?(left out)'
    """
    for value in sorted({*known, *_of_environment()}, key=len, reverse=True):
        text = text.replace(value, LEFT_OUT)
    for _ in range(_PASSES):
        again = _redact_once(text)
        if again == text:
            break
        text = again  # a replacement creates new neighbours, which may match
    return text


def _redact_once(text: str) -> str:
    text = _PEM.sub(LEFT_OUT, text)
    text = _USER_ALONE.sub(r"\g<before>", _USER.sub(r"\g<before>", text))
    text = _QUERY.sub(rf"\g<before>?{LEFT_OUT}", text)
    text = _BEARER.sub(LEFT_OUT, text)
    text = _JWT.sub(LEFT_OUT, text)
    text = _HOOK.sub(lambda found: f"{found['before'] or found['bot'] or ''}{LEFT_OUT}", text)
    text = _SURE.sub(LEFT_OUT, text)
    text = _LIKELY.sub(_leave_likely, text)
    return _PAIR.sub(_leave_name, _OPTION.sub(_leave_name, text))


def _leave_likely(found: re.Match[str]) -> str:
    return LEFT_OUT if _is_drawn(found["rest"]) else found.group()


def _is_drawn(text: str) -> bool:
    """Return whether the text after a key's prefix looks random rather than part of a model name.

    It does if some run of eight or more letters and digits contains a digit, or a capital that is
    not the first: ``abcd1234``, ``T3BlbkFJ``, but not ``70b-online``, ``Mistral-7B``.
    """
    return any(
        len(run) >= _LEAST and (any(c.isdigit() for c in run) or any(c.isupper() for c in run[1:]))
        for run in re.findall(r"[A-Za-z0-9]+", text)
    )


def _leave_name(found: re.Match[str]) -> str:
    name, value = found["name"], found["value"]
    is_harmless = _HARMLESS_NAME.fullmatch(name.lstrip("-")) or _WORDY.fullmatch(f"{name}={value}")
    if is_harmless or "(left" in value or value.lower() in ("true", "false", "none", "null"):
        return found.group()
    return f"{name}{found['mark']}{LEFT_OUT}"


@contextmanager
def same_environment() -> Iterator[None]:
    """Read the environment variables only once, while they are not going to change.

    The provenance of ten thousand tasks contains hundreds of thousands of texts.
    """
    token = _FOUND.set(_of_environment())
    try:
        yield
    finally:
        _FOUND.reset(token)


def _of_environment() -> frozenset[str]:
    known = _FOUND.get()
    if known is not None:
        return known
    found = {
        os.environ[name]: _LEAST if _PASSWORD.match(name) else _LEAST_VALUE
        for name in sorted(os.environ)
        if is_secret_name(name)
    }
    return frozenset(
        value
        for value, least in found.items()
        if len(value) >= least and not value.startswith(("/", "~")) and not os.path.exists(value)  # noqa: PTH110
    )


def clean_name(name: str) -> str:
    """Return the name of a run, a task or a file without likely secrets.

    Examples
    --------
    >>> clean_name("tuned with sk-abcd1234"), clean_name("checkpoint-1200")
    ('tuned with (left out)', 'checkpoint-1200')
    """
    cleaned = redact(name)
    return LEFT_OUT if looks_random(cleaned, hashes=True) else cleaned
