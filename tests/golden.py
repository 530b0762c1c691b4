"""Write every kind of output over stored reference runs, and the hash of each file.

    python tests/golden.py before/       # then change the code, and
    python tests/golden.py after/        # diff before/SHA256 after/SHA256

A change that only moves or simplifies gives the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from caopd_bench.runs.stored.pack import unpack_cell

RUNS = Path(__file__).parents[1] / "reference_runs"
VERBS = ("score", "compare", "gate", "report", "sweep", "train")
CELLS = {"base": "622k-b0-base", "opd": "622k-b0-opd-s0", "caopd": "622k-b0-caopd-s0"}


def main() -> int:
    """Run the commands; one that fails unexpectedly ends this."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output.absolute()
    output.mkdir(parents=True)
    for name, cell in CELLS.items():
        _copy(f"scaling-law/{cell}", output / "runs" / name)
    for words, codes in _commands():
        done = subprocess.run(
            [Path(sys.executable).with_name("caopd-bench"), *words],
            cwd=output,
            capture_output=True,
            text=True,
            check=False,
        )
        said = f"$ {' '.join(words)}\n{done.returncode}\n{done.stdout}\n{done.stderr}"
        name = "-".join(word.strip("-/.").replace("/", "_") for word in words[:5])
        (output / f"{name[:90]}.txt").write_text(said, encoding="utf-8")
        if done.returncode not in codes:
            print(said)
            return 1
    files = sorted(file for file in output.rglob("*") if file.is_file())
    lines = [
        f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.relative_to(output)}" for f in files
    ]
    (output / "SHA256").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(files)} files")
    return 0


def _copy(cell: str, folder: Path) -> None:
    study, _, name = cell.partition("/")
    with tempfile.TemporaryDirectory() as scratch:
        unpack_cell(RUNS / study, name, Path(scratch))
        shutil.move(Path(scratch, "run"), folder)


def _commands() -> list[tuple[list[str], set[int]]]:
    runs = ["runs/base", "runs/opd", "runs/caopd"]
    ends = ("html", "json", "csv", "md", "tex")
    gates = [word for end in ("html", "json", "md", "xml") for word in ("--output", f"gate.{end}")]
    report = [word for end in ends for word in ("-o", f"report.{end}")]
    policy = str(RUNS / "gate.yaml")
    return [
        (["score", *runs], {0}),
        (["score", *runs, "--json", "score.json", "--by", "level", "--figure", "score.svg"], {0}),
        (["score", *runs, "--json", "-", "--missing", "zero"], {0}),
        (["compare", "runs/base", "runs/opd"], {0}),
        (["compare", "runs/opd", "runs/caopd", "--json", "compare.json"], {0}),
        (["gate", "--reference", "runs/base", "runs/opd", *gates], {0, 1, 3}),
        (["gate", "--reference", "runs/opd", "runs/caopd"], {0, 1, 3}),
        (["gate", "--policy", policy, "--reference", "runs/base", "runs/opd"], {0, 1, 3}),
        (["gate", "--plan", "--reference", "runs/base", "--output", "plan.json"], {0}),
        (["gate", "--schema"], {0}),
        (["report", *runs, *report, "--card", "card", "--figures", "figures"], {0}),
        (["tasks", "--all"], {0}),
        (["tasks", "--markdown"], {0}),
        (["tasks", "--plan", "caopd_math_conf"], {0}),
        (["--help"], {0}),
        *(
            ([verb, "--help"], {0})
            for verb in ("score", "compare", "gate", "report", "sweep", "train")
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
