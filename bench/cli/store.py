"""`caopd-bench store --scrub DIR`: clean folders written by earlier versions."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caopd_bench.cli import arguments
from caopd_bench.core.errors import OutputError, UsageError
from caopd_bench.core.process.exits import ExitCode
from caopd_bench.core.terminal import inline

if TYPE_CHECKING:
    from caopd_bench.runs.stored.scrub import Finding

__all__ = ["add", "run_store"]

WIDTH = 300


def add(commands: Any) -> None:
    """Add `store`."""
    store = commands.add_parser(
        "store",
        help="remove keys, passwords and private paths from stored runs and references",
        description="Clean stored runs, references and sweep records written by earlier versions: "
        "settings that may hold a secret are removed, and paths are shortened. Rows, numbers "
        "and hashes stay. Logs of lm-eval are not cleaned. To store a run, use score --store.",
        examples=["store --scrub references/ --check"],
        codes="1 with --check: something would be removed",
    )
    store.add_argument(
        "--scrub",
        nargs="+",
        type=arguments.path,
        required=True,
        metavar="DIR",
        help="folders to clean, including subfolders",
    )
    store.add_argument(
        "--check",
        action="store_true",
        help="only report what would be removed",
    )
    store.set_defaults(run=run_store)


def run_store(options: argparse.Namespace) -> int:
    """Clean our files in the folders, print what was removed, and return the exit code."""
    from caopd_bench.runs.stored.scrub import scrub

    places = _find(options.scrub)
    found: list[Finding] = []
    failed = 0
    for place in places:
        try:
            found += _report(scrub(place, check=options.check), options.check)
        except OutputError:
            raise
        except UsageError as error:
            failed += 1
            print(f"caopd-bench store: {error}", file=sys.stderr)
    held = len({finding.file for finding in found})
    files = f"{held:,} {'file' if held == 1 else 'files'}"
    looked = f"{len(places):,} {'folder' if len(places) == 1 else 'folders'} checked"
    if not held:
        print(f"{looked}: nothing to remove" + (", except in those that failed" if failed else ""))
    elif options.check:
        print(f"{looked}: {files} to clean; run without --check to rewrite them")
    else:
        print(f"{looked}: {files} cleaned")
    has_secrets = any(finding.left_out for finding in found)
    if has_secrets and options.check:
        print(
            "copies, backups and version control may contain the same: replace every key and "
            "password listed above"
        )
    elif has_secrets:
        print(
            "copies, backups and version control still contain what was removed: replace every "
            "key and password listed above"
        )
    _name_logs(options.scrub)
    _name_studies(options.scrub)
    _name_yaml(options.scrub)
    return ExitCode.FAILED if failed or (held and options.check) else ExitCode.DONE


def _find(folders: list[Path]) -> list[Path]:
    from caopd_bench.runs.stored.scrub import find_ours

    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"--scrub {folder}: not a folder")
    places = dict.fromkeys(place for folder in folders for place in find_ours(folder))
    if not places:
        named = ", ".join(map(str, folders))
        raise UsageError(
            f"--scrub {named}: no stored run in this folder or below (summary.json next to "
            "rows.jsonl.gz)"
        )
    return list(places)


def _report(findings: list[Finding], check: bool) -> list[Finding]:
    from caopd_bench.runs.stored.secrets import name_places

    for finding in findings:
        file = inline(str(finding.file), WIDTH)
        if finding.left_out:
            done = "may contain secrets" if check else "removed"
            print(f"{file}: {done}: {name_places(finding.left_out)}")
        if finding.shortened:
            done = "contains full paths" if check else "paths shortened"
            print(f"{file}: {done}: {name_places(finding.shortened)}")
    return findings


def _name_logs(folders: list[Path]) -> None:
    from caopd_bench.runs.lm_eval.find import is_results

    logs = [
        file
        for folder in folders
        for file in sorted(folder.rglob("*.json"))
        if is_results(file) and not file.is_symlink()
    ]
    if logs:
        print(
            f"not checked: {len(logs):,} {'log' if len(logs) == 1 else 'logs'} of lm-eval, such "
            f"as {inline(str(logs[0]), WIDTH)}, which may contain the arguments that lm-eval was "
            "given"
        )


def _name_studies(folders: list[Path]) -> None:
    from caopd_bench.runs.stored.study import ROWS_FILE

    files = [file for folder in folders for file in sorted(folder.rglob(ROWS_FILE))]
    if files:
        print(
            f"not checked: {len(files):,} {ROWS_FILE}, such as {inline(str(files[0]), WIDTH)}: "
            "unpack the cells, clean them, and pack them again"
        )


def _name_yaml(folders: list[Path]) -> None:
    files = dict.fromkeys(
        file
        for folder in folders
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in (".yaml", ".yml") and file.is_file() and not file.is_symlink()
    )
    if files:
        print(
            f"not checked: {len(files):,} YAML {'file' if len(files) == 1 else 'files'}, such as "
            f"{inline(str(next(iter(files))), WIDTH)}: policies and sweep files stay as you wrote "
            "them"
        )
