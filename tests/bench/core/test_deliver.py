"""The way out: strict JSON, files whole or not there, and the table beside the JSON."""

import json
import math
from pathlib import Path

import pytest

from caopd_bench.core.deliver import dump_json, print_table, write_files, write_json
from caopd_bench.core.errors import OutputError


def test_json_is_strict_and_no_command_to_a_runner():
    text = dump_json({"a": math.nan, "b": [math.inf, 0.5], "c": "##[error]x"})
    assert json.loads(text) == {"a": None, "b": [None, 0.5], "c": "##[error]x"}
    assert "##[" not in text
    assert text.endswith("}\n")


def test_json_goes_to_the_file_or_to_standard_output(tmp_path, capsys):
    file = tmp_path / "new" / "x.json"
    write_json(file, "[]\n")
    print_table(["\nhead", "\nbody"], file, "[]\n")
    assert file.read_text() == "[]\n"
    assert capsys.readouterr() == ("head\n\nbody\n", "")
    write_json(Path("-"), "[]\n")
    print_table(["\nhead", "body"], Path("-"), "[]\n")
    assert capsys.readouterr() == ("[]\n", "head\nbody\n")
    write_json(None, "")
    print_table(["head"], None, "")
    assert capsys.readouterr() == ("head\n", "")


def test_all_files_or_none(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match=r"taken.*: cannot be written \("):
        write_files({tmp_path / "a": b"1", tmp_path / "taken" / "b": b"2"})
    assert not (tmp_path / "a").exists()
