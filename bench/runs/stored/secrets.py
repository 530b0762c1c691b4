"""Find data in our files that earlier versions recorded but current versions would not.

A cleaner takes the bytes of one kind of file and returns them as they would be written now, with
the names of the removed settings. Rows, numbers and hashes do not change.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.plain_json import parse_json
from caopd_bench.core.privacy.clean import clean_cell, clean_settings, redact_all
from caopd_bench.core.privacy.credentials import LEFT_OUT, clean_name, redact
from caopd_bench.core.privacy.keep import Kept, is_recorded
from caopd_bench.core.privacy.left_out import list_left_out
from caopd_bench.core.privacy.names import RUN
from caopd_bench.core.privacy.paths import clean_text_urls, shorten_spec
from caopd_bench.core.terminal import inline
from caopd_bench.runs.provenance import describe_cleaning
from caopd_bench.runs.stored.names import BASELINE_NAME, CHANGES_NAME, SUMMARY_NAME

__all__ = [
    "CLEANERS",
    "Cleaned",
    "clean_failure",
    "name_in_summary",
    "name_places",
    "say_left_out",
    "warn_of_cell",
    "warn_of_secrets",
]

#: The page that documents what is recorded.
PAGE = "docs/reliability.md"
_ENTRY = re.compile(r"^(?P<before>## [^`\n]*`)(?P<spec>[^`\n]*)(?=`$)", re.MULTILINE)
_ENTITY = re.compile(r"&#(\d{1,3});")
#: Folders already warned about, by stderr stream; each command has its own (`guard_streams`).
_WARNED: WeakKeyDictionary[Any, set[Path]] = WeakKeyDictionary()


class Cleaned(NamedTuple):
    """A file as it would be written now.

    Attributes
    ----------
    content : bytes
        The original bytes if nothing is left out or shortened.
    left_out, shortened : list of str
        As in `identity.Kept`.
    """

    content: bytes
    left_out: list[str]
    shortened: list[str]


def clean_failure(content: bytes) -> Cleaned:
    """Clean the record of a cell that failed."""

    def clean(known: dict[str, Any]) -> Kept:
        cleaned = {key: redact_all(value) for key, value in known.items()}
        return Kept(cleaned, [key for key in known if cleaned[key] != known[key]], [])

    return _clean_json(content, clean)


def _clean_summary(content: bytes) -> Cleaned:
    def clean(known: dict[str, Any]) -> Kept:
        raw = known.get("provenance")
        kept = describe_cleaning(raw if isinstance(raw, Mapping) else {})
        cleaned = {**known, "provenance": kept.value}
        cleaned["name"] = clean_name(known["name"])
        cleaned["warnings"] = redact_all(known["warnings"])
        cleaned["records"] = [
            {**record, "run": cleaned["name"]} if record.get("run") == known["name"] else record
            for record in known["records"]
        ]
        left = name_in_summary(kept, known["name"], known["warnings"])
        return Kept(cleaned, left, kept.shortened)

    return _clean_json(content, clean)


def _clean_baseline(content: bytes) -> Cleaned:
    def clean(known: dict[str, Any]) -> Kept:
        cleaned, left, short = {**known}, [], []
        if isinstance(spec := known.get("run"), str):
            cleaned["run"] = shorten_spec(spec)
            if cleaned["run"].count(LEFT_OUT) > spec.count(LEFT_OUT) or redact(spec) != spec:
                left.append("run")
            elif cleaned["run"] != spec:
                short.append("run")
        if isinstance(reason := known.get("reason"), str) and redact(reason) != reason:
            cleaned["reason"] = redact(reason)
            left.append("reason")
        return Kept(cleaned, left, short)

    return _clean_json(content, clean, is_ascii=False)


def _clean_changes(content: bytes) -> Cleaned:
    text = content.decode("utf-8", "surrogateescape")
    shortened = _ENTRY.sub(lambda m: m["before"] + _shorten_in_markdown(m["spec"]), text)
    lines = [redact(clean_text_urls(line)) for line in shortened.split("\n")]
    left, short = list[str](), list[str]()
    for number, (old, new) in enumerate(zip(text.split("\n"), lines, strict=True), 1):
        if old != new:
            is_secret = any(redact(clean_text_urls(x)) != x for x in (old, _plain(old)))
            (left if is_secret else short).append(f"line {number}")
    if not left and not short:
        return Cleaned(content, [], [])
    return Cleaned("\n".join(lines).encode("utf-8", "surrogateescape"), left, short)


def _shorten_in_markdown(spec: str) -> str:
    plain = _plain(spec)
    cleaned = shorten_spec(plain)
    return spec if cleaned == plain else re.sub(r"[\\`|<>\[\]]", _to_entity, cleaned)


def _plain(text: str) -> str:
    return _ENTITY.sub(lambda m: chr(int(m[1])), text)


def _to_entity(found: re.Match[str]) -> str:
    return f"&#{ord(found.group())};"


def _clean_cell_file(content: bytes) -> Cleaned:
    return _clean_json(content, clean_cell)


def _clean_training(content: bytes) -> Cleaned:
    def clean(known: dict[str, Any]) -> Kept:
        cleaned, left, short = {**known}, list[str](), list[str]()
        for key in ("settings", "base"):
            if isinstance(known.get(key), Mapping):
                kept = clean_settings(known[key])
                cleaned[key] = kept.value
                left += [f"{key}.{name}" for name in kept.left_out]
                short += [f"{key}.{name}" for name in kept.shortened]
        return Kept(cleaned, left, short)

    return _clean_json(content, clean)


#: Cleaners by file name.
CLEANERS: dict[str, Callable[[bytes], Cleaned]] = {
    SUMMARY_NAME: _clean_summary,
    BASELINE_NAME: _clean_baseline,
    CHANGES_NAME: _clean_changes,
    "cell.json": _clean_cell_file,
    "provenance.json": _clean_training,
}


def warn_of_secrets(folder: Path, summary: Sequence[str]) -> None:
    """Warn on stderr, once per command, of data in a stored run that may be secret.

    Parameters
    ----------
    folder : Path
    summary : sequence of str
        Names that were left out when its summary was read; the other files are read here.
    """
    place, warned = Path(folder), _WARNED.setdefault(sys.stderr, set())
    if place in warned:
        return
    warned.add(place)
    found = {SUMMARY_NAME: list(summary)}
    for name in (BASELINE_NAME, CHANGES_NAME):
        try:
            found[name] = CLEANERS[name]((place / name).read_bytes()).left_out
        except (OSError, UsageError, ValueError, TypeError, AttributeError, RecursionError):
            continue  # reading the file reports the error
    for name in (name for name, names in found.items() if names):
        _warn(place / name, found[name])


def warn_of_cell(file: Path, known: Mapping[str, Any]) -> None:
    """Warn on stderr, once per command, of data in a cell.json that may be secret."""
    warned = _WARNED.setdefault(sys.stderr, set())
    names = [] if file in warned else clean_cell(known).left_out
    warned.add(file)
    if names:
        _warn(file, names)


def _warn(file: Path, names: Sequence[str]) -> None:
    print(
        f"warning: {inline(str(file), 300)} may contain secrets ({name_places(names)}); outputs "
        "made from it do not. To remove them from the file: caopd-bench store --scrub "
        f"{inline(str(file.parent), 300)}. Copies and version control still contain them: replace "
        "the keys",
        file=sys.stderr,
        flush=True,
    )


def name_places(names: Sequence[str]) -> str:
    """List the places of data found in a file: JSON keys or line numbers."""
    lines = [name.removeprefix("line ") for name in names if name.startswith("line ")]
    if lines and len(lines) == len(names):
        return f"{'line' if len(lines) == 1 else 'lines'} {', '.join(lines)}"
    return f"{'key' if len(names) == 1 else 'keys'} {list_left_out(names)}"


def name_in_summary(kept: Kept, name: str, warnings: Sequence[str]) -> list[str]:
    """Return the names left out of a summary: provenance settings, and likely secrets."""
    texts = {"name": clean_name(name) != name, "warnings": any(redact(w) != w for w in warnings)}
    return [*kept.left_out, *(key for key, is_unclean in texts.items() if is_unclean)]


def say_left_out(provenance: Mapping[str, Any], what: str) -> None:
    """Report on stderr what was left out of a stored run and why, if anything."""
    names = list(provenance.get("left_out") or ())
    unsafe = [name for name in names if is_recorded(name, RUN)]
    for why, found in (
        ("not recorded", [name for name in names if name not in unsafe]),
        ("looked like a secret", unsafe),
    ):
        if found:
            said = inline(list_left_out(found), 500)
            print(f"left out of the {what}: {why}: {said} ({PAGE})", file=sys.stderr, flush=True)


def _clean_json(
    content: bytes, clean: Callable[[dict[str, Any]], Kept], *, is_ascii: bool = True
) -> Cleaned:
    known = parse_json(content, "a file of ours")
    if not isinstance(known, dict):
        raise ValueError("not a JSON object")
    kept = clean(known)
    if not kept.left_out and not kept.shortened:
        return Cleaned(content, [], [])
    text = json.dumps(kept.value, indent=1, ensure_ascii=is_ascii, allow_nan=False) + "\n"
    return Cleaned(text.encode("utf-8", "surrogatepass"), kept.left_out, kept.shortened)
