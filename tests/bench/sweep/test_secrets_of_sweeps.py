"""What a sweep records holds no secret of its file; what it runs is the file's."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from caopd_bench.cli import main
from caopd_bench.core.errors import UsageError
from caopd_bench.core.privacy.keep import find_values
from caopd_bench.core.privacy.names import SWEEP_CELL
from caopd_bench.sweep.grid.file import read_sweep
from caopd_bench.sweep.grid.folder import Folder
from caopd_bench.sweep.grid.table import make_rows
from caopd_bench.sweep.run.local import work_on

pytest.importorskip("torch")
PLANTED = runpy.run_path(str(Path(__file__).parents[1] / "privacy" / "planted.py"))
SECRETS, search = PLANTED["SECRETS"], PLANTED["search"]


def test_a_finished_cell_and_a_failed_one(plain, write, tmp_path, capsys):
    plain["evaluate"] |= {
        # Given to transformers as it is, which passes it by for a folder.
        "model_args": {"token": SECRETS["token"]},
        "metadata": {"api_key": SECRETS["metadata"], "seed": 1},
        "gen_kwargs": {"until": ["\n", SECRETS["stop sequence"]]},
    }
    plain["cells"] = plain["cells"][:1]
    plain["keep"] = ["lm_eval"]
    good = read_sweep(write(plain, folder="good"))
    assert work_on(good, [cell.name for cell in good.cells]) == []
    Folder(good.output).write_tables(good.cells)
    # transformers refuses this one, and says the key's name.
    plain["evaluate"]["model_args"] = {"api_key": SECRETS["a key"], "dtype": SECRETS["free text"]}
    bad = read_sweep(write(plain, folder="bad"))
    assert len(work_on(bad, [cell.name for cell in bad.cells])) == 1
    outputs = [good.output / "cells", good.output / "cells.csv", bad.output / "failed"]
    streams = [file.read_text() for file in outputs if file.is_file()]
    capsys.readouterr()
    assert main(["score", str(next(good.output.glob("cells/*/run")))]) == 0
    streams += capsys.readouterr()
    for folder in (outputs[0], outputs[2]):
        assert search(folder, streams) == []
    known = json.loads(next(good.output.glob("cells/*/cell.json")).read_text())
    assert known["evaluate"]["metadata"] == {"seed": 1}
    assert known["evaluate"]["gen_kwargs"] == {"until": ["\n"]}
    # It was evaluated with what the file says.
    log = next(good.output.glob("cells/*/lm_eval/**/results_*.json"))
    assert "(left out)" in log.read_text()
    assert (tmp_path / "good" / "sweep.yaml").read_text().count("PLANTED") == 3


def test_the_record_of_a_failure_holds_no_value_that_is_left_out(plain, write):
    key = "of no known shape 123"
    plain["evaluate"]["model_args"] = {"company_key": key, "header": {"x": "Bearer abcdefgh"}}
    sweep = read_sweep(write(plain))
    folder, cell = Folder(sweep.output), sweep.cells[0]
    said = f"refused: {key}, abcdefgh, https://me:word@host/v1?key=x"
    folder.fail(cell, {"cell": cell.name, "error": said, "traceback": [f"a {key}\n"]})
    record = folder.failure(cell)
    assert record["error"] == "refused: (left out), (left out), https://host/v1?(left out)"
    assert record["traceback"] == ["a (left out)\n"]


def test_logs_of_workers_that_have_ended(plain, write):
    plain["evaluate"]["model_args"] = {"company_key": "of no known shape"}
    sweep = read_sweep(write(plain))
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], check=True,
                           capture_output=True, text=True).stdout.strip()  # fmt: skip
    folder = Folder(sweep.output)
    log = folder.worker_log()
    own, other = log, log.with_name(log.name.replace(str(os.getpid()), ended))
    log.parent.mkdir(parents=True)
    for file in (own, other):
        file.write_text("with of no known shape and Bearer abcdefgh\n")
    folder.redact_logs(sweep.cells)
    assert other.read_text() == "with (left out) and (left out)\n"
    assert "Bearer abcdefgh" in own.read_text()  # it is still written


def test_what_is_left_out_is_found_again():
    evaluate = {
        "model_args": {"base_url": "https://user01:word02@host/v1?key=value3", "dtype": "auto"},
        "metadata": {"x": {"y": ["value4", "short"]}},
    }
    found = find_values(evaluate, SWEEP_CELL)
    assert found == {"user01", "word02", "value3", "value4"}


def test_an_old_cell_is_named_when_tables_are_made(plain, write, tmp_path, capsys):
    sweep = read_sweep(write(plain))
    for model_args, names in (({"dtype": "auto"}, ""), ({"api_key": SECRETS["a key"]}, "api_key")):
        place = tmp_path / f"cell {names}"
        with pytest.raises(UsageError):  # there is no run beside it
            make_rows(sweep.cells[0], place, {"evaluate": {"model_args": model_args}})
        said = capsys.readouterr().err
        file = place / "cell.json"
        expected = f"warning: {file} may contain secrets (key evaluate.model_args {names}); "
        assert said.startswith(expected) if names else not said


def test_an_old_sweep_is_cleaned(plain, write, capsys):
    sweep = read_sweep(write(plain))
    cell = sweep.output / "cells" / "a" / "cell.json"
    cell.parent.mkdir(parents=True)
    known = {
        "key": "0123456789abcdef",
        "cell": "a",
        "evaluate": {"model_args": {"api_key": SECRETS["a key"]}, "tasks": ["t"], "limit": 5},
        "stages": [{"model": SECRETS["home"], "k": 8, "steps": 3}],
        "changes": {"note": SECRETS["free text"]},
    }
    cell.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    failed = sweep.output / "failed" / "b.json"
    failed.parent.mkdir()
    failed.write_text(json.dumps({"key": "x", "error": f"401: {SECRETS['header of a text']}"}))
    assert main(["store", "--scrub", str(sweep.output)]) == 0
    streams = capsys.readouterr()
    assert search(sweep.output, streams) == []
    again = json.loads(cell.read_text())
    assert again["key"] == known["key"]
    assert again["evaluate"] == {"model_args": {}, "tasks": ["t"], "limit": 5}
    assert again["stages"] == [{"model": "ckpt/step-100", "k": 8, "steps": 3}]
    once = {file: file.read_bytes() for file in (cell, failed)}
    assert main(["store", "--scrub", str(sweep.output), "--check"]) == 0
    assert {file: file.read_bytes() for file in once} == once
