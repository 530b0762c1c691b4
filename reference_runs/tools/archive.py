"""Pack the cells of a finished sweep into its rows.parquet, or unpack them.

    python reference_runs/tools/archive.py pack STUDY            # then delete what was packed
    python reference_runs/tools/archive.py unpack STUDY [CELL]   # all, or one, into STUDY/cells/
    python reference_runs/tools/archive.py unpack STUDY --output DIR

A packed study is read, continued and reused like one with folders: unpack it to look at the files.
Before anything is deleted, each cell is read back from rows.parquet and compared byte by byte.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from caopd_bench.core.errors import UsageError
from caopd_bench.runs.stored.pack import pack_study, packed_files, unpack_cell
from caopd_bench.runs.stored.study import CELLS, ROWS_FILE, open_study
from caopd_bench.sweep.grid.file import read_sweep


def pack(study: Path) -> None:
    """Pack all finished cells, in the order of the sweep, and delete the files that were packed."""
    listed = [cell.name for cell in read_sweep(study / "sweep.yaml").cells]
    others = {place.name for place in (study / CELLS).iterdir()} - {*listed}
    if others:
        raise UsageError(f"{study / CELLS}: not cells of sweep.yaml; move them away:", [*others])
    before = {name: packed_files(study, name) for name in listed}
    file = pack_study(study, listed)
    packed = open_study(file)
    for name, files in before.items():
        folder = study / CELLS / name
        if not files or not folder.is_dir():
            continue
        packed.check_lines(name)
        kept = {**packed.read_files(name), "run/rows.jsonl.gz": b"".join(packed.read_lines(name))}
        if kept != files:
            raise UsageError(f"{file}: {name} would not be unpacked to the same bytes")
        for key in files:
            (folder / key).unlink()
        for place in (folder / "run", folder, folder.parent):
            if not any(place.iterdir()):
                place.rmdir()
    print(f"{file}: {len(packed.cells)} cells, {file.stat().st_size:,} bytes")


def unpack(study: Path, cell: str | None, output: Path | None) -> None:
    """Unpack one cell or all, each into a folder of its name."""
    names = list(open_study(study / ROWS_FILE).cells) if cell is None else [cell]
    for name in names:
        place = (output or study / CELLS) / name
        unpack_cell(study, name, place)
    print(f"{output or study / CELLS}: {len(names)} cells")


def main() -> int:
    """Carry out one of the two."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("pack", "unpack"))
    parser.add_argument("study", type=Path)
    parser.add_argument("cell", nargs="?", help="to unpack one")
    parser.add_argument("--output", type=Path, help="unpack into this folder")
    options = parser.parse_args()
    try:
        if options.what == "pack":
            pack(options.study)
        else:
            unpack(options.study, options.cell, options.output)
    except UsageError as error:
        print(f"archive: {error}", file=sys.stderr)
        return error.code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
