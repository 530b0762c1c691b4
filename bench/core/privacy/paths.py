"""Clean paths and addresses for files that others read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import unquote, urlsplit

from caopd_bench.core.privacy.credentials import LEFT_OUT, clean_name, holds_secret, is_secret_name

__all__ = ["clean_text_urls", "clean_url", "is_path", "is_url", "shorten_path", "shorten_spec"]

#: Number of parts of a path that are kept.
PARTS = 2
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{0,30}://")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{0,30}://(?:\(left out\)|[^\s\"'<>`])+")
_FILE = re.compile(r"(?i)file:(?://[^/\\]*)?")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
#: Inspect's log names: time, task, and a random id (shortuuid), which is not a key.
_INSPECT_LOG = re.compile(
    r"(?P<known>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d[+\-]\d\d-\d\d_[\w.\-]{1,150})"
    r"_[2-9A-HJ-NP-Za-km-z]{22}\.(?:eval|json)"
)
_HOST = re.compile(r"[\w.\-:%]*")
#: Paths in which a part is a commit and not a key.
_HOSTS = ("github.com", "raw.githubusercontent.com", "huggingface.co", "hf.co")


def is_url(text: str) -> bool:
    """Return whether a text begins like an address; ``file:`` counts as a path."""
    return bool(_SCHEME.match(text.strip())) and not text.strip().lower().startswith("file:")


def is_path(text: str) -> bool:
    """Return whether a text must be a path: absolute, in a home folder, or relative with dots."""
    text = text.strip()
    return (
        text.startswith(("/", "~", "./", "../", ".\\", "..\\"))
        or text.lower().startswith("file:")
        or bool(_DRIVE.match(text))
    )


def clean_url(url: str) -> str:
    """Reduce an address to scheme, host, port and path.

    Parameters
    ----------
    url : str
        The address. User, password, query and fragment are removed, and likely secrets in the path.

    Returns
    -------
    str
        The cleaned address, or only `LEFT_OUT` if it cannot be parsed.

    Examples
    --------
    >>> clean_url("https://me:word@host:8000/v1/chat/completions?key=abc#x")
    'https://host:8000/v1/chat/completions'
    >>> clean_url("https://host/sk-abcd1234/v1")
    'https://host/(left out)/v1'
    """
    if not is_url(url):
        return LEFT_OUT if holds_secret(url) else url
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return LEFT_OUT
    if not _HOST.fullmatch(host) or any(holds_secret(label) for label in host.split(".")):
        return LEFT_OUT
    if ":" in host:
        host = f"[{host}]"
    kept: list[str] = []
    for part in parts.path.split("/"):
        # Remove parameters of a part (`;key=...`), and the part after one named `key`.
        plain = unquote(part).partition(";")[0]
        is_named = bool(kept) and is_secret_name(kept[-1])
        is_commit = host in _HOSTS and _COMMIT.fullmatch(plain)
        is_secret = (
            is_named or _is_dense(plain) or holds_secret(plain) or "@" in plain or "=" in plain
        )
        is_secret = is_secret and not is_commit
        kept.append(LEFT_OUT if plain and is_secret else plain)
    place = f"{host}:{port}" if port is not None else host
    return f"{parts.scheme}://{place}{'/'.join(kept)}".strip()


def _is_dense(part: str) -> bool:
    """Return whether a part of an address mixes letters and digits unlike a word or version."""
    return any(
        sum(a.isdigit() != b.isdigit() for a, b in pairwise(run)) > len(run) / 4
        for run in re.findall(r"[A-Za-z0-9]{12,}", part)
    )


def clean_text_urls(text: str) -> str:
    """Clean every address within a text."""
    return _URL.sub(lambda found: clean_url(found.group()), text)


def shorten_path(path: str) -> str:
    r"""Return the last two parts of a path, which may be shown to others.

    Parameters
    ----------
    path : str
        A path of any system, also with ``~`` or as ``file://``. A name on the hub (``org/name``)
        has two parts and is unchanged. Likely secrets are left out.

    Returns
    -------
    str

    Examples
    --------
    >>> shorten_path("/home/alice/secret-project/ckpt/step-100")
    'ckpt/step-100'
    >>> shorten_path(r"C:\Users\alice\ckpt\step-100"), shorten_path("~/model")
    ('ckpt/step-100', 'model')
    >>> shorten_path("org/name")
    'org/name'
    """
    shortened, known = _shorten(path), path
    while len(shortened) < len(known):  # the remainder may itself begin like an address
        shortened, known = _shorten(shortened), shortened
    return shortened


def _shorten(path: str) -> str:
    text = path.strip()
    if is_url(text):
        return clean_url(text)
    if text.lower().startswith("file:"):
        text = unquote(_FILE.sub("", text))
    is_windows = bool(_DRIVE.match(text)) or ("\\" in text and "/" not in text)
    pure = PureWindowsPath(text) if is_windows else PurePosixPath(text)
    anchor = pure.anchor
    parts = [part for part in pure.parts if part != anchor and part not in (".", "..", "")]
    parts = [part for i, part in enumerate(parts) if i or not part.startswith("~")]
    kept = [
        # Run folders may be named by hashes and UUIDs, and must stay distinct.
        LEFT_OUT
        if holds_secret(_drop_id(part), hashes=len(parts) > 1) and not _is_commit(parts, i)
        else part
        for i, part in enumerate(parts)
    ]
    # The hub's cache names the model one folder above the revision.
    is_cached = len(parts) > PARTS and parts[-2] == "snapshots" and "--" in parts[-3]
    return "/".join(kept[-PARTS - is_cached :]) or "."


def _drop_id(part: str) -> str:
    """Return a log name without the random id that Inspect appends."""
    log = _INSPECT_LOG.fullmatch(part)
    return log["known"] if log else part


def _is_commit(parts: Sequence[str], at: int) -> bool:
    """Return whether a part is a revision's folder name in the hub's cache."""
    return at > 0 and parts[at - 1] == "snapshots" and bool(_COMMIT.fullmatch(parts[at]))


def shorten_spec(spec: str) -> str:
    """Shorten the path of a run argument, ``PATH`` or ``NAME=PATH``."""
    name, mark, path = spec.partition("=")
    if not mark or is_path(spec) or "/" in name or "\\" in name:
        return shorten_path(spec)
    return f"{clean_name(name)}={shorten_path(path)}"
