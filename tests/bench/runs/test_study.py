"""A packed study reads like the folders that it was packed from, and edits are refused."""

import json
import shutil
from dataclasses import replace
from importlib import util

import pytest

from caopd_bench import compare, gate, read_run, score
from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.runs.read import expand_specs
from caopd_bench.runs.stored.pack import pack_study, packed_files, unpack_cell, write_packed
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.runs.stored.study import ROWS_FILE
from caopd_bench.runs.stored.study_file import Study

NAMES = ("a-base", "a-opd-k=2-s0", "b-opd-s0")
needs_pyarrow = pytest.mark.skipif(util.find_spec("pyarrow") is None, reason="pyarrow")


@pytest.fixture
def folders(make_run, tmp_path):
    """Cells as a sweep leaves them; the second one keeps the texts."""
    study = tmp_path / "study"
    for shift, name in enumerate(NAMES):
        stated = [(0.1 * ((i + shift) % 10), (i + shift) % 3 > 0) for i in range(30)]
        made = make_run([(c, int(y)) for c, y in stated], f"m{shift}")
        run = replace(read_run(made), name=name)
        place = study / "cells" / name
        place.mkdir(parents=True)
        write_stored(run, score(run), place / "run", with_text=shift == 1)
        (place / "cell.json").write_text(json.dumps({"key": name, "é": shift}, indent=1) + "\n")
        (place / "timing.json").write_text('{"seconds": 1.50}\n')
        if shift:
            (place / "training.csv").write_text("step,loss\n1,0.25\n", encoding="utf-8")
    packed = write_packed(b"task,item_hash,expected\nt,1,0.5\n")
    (study / "cells" / NAMES[1] / "expected.csv.gz").write_bytes(packed)
    (study / "cells" / NAMES[2] / "checkpoint").mkdir()
    (study / "cells" / NAMES[2] / "checkpoint" / "model.safetensors").write_bytes(b"\xff")
    (study / "cells.csv").write_text("cell\n", encoding="utf-8")
    return study


@pytest.fixture
def study(folders):
    pytest.importorskip("pyarrow")
    pack_study(folders)
    shutil.move(folders / "cells", folders.parent / "cells")
    return folders


def _edit(study, change):
    """Write the Parquet again with a column changed, as a script may."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = study / ROWS_FILE
    columns = pq.read_table(file).to_pydict()
    change(columns)
    pq.write_table(pa.table(columns), file)


@needs_pyarrow
def test_cells_are_unpacked_to_the_same_bytes(study, tmp_path):
    for name in NAMES:
        unpack_cell(study, name, tmp_path / "out" / name)
    ours, theirs = (
        {
            file.relative_to(place): file.read_bytes()
            for file in place.rglob("*")
            if file.is_file() and "checkpoint" not in file.parts
        }
        for place in (tmp_path / "out", study.parent / "cells")
    )
    assert ours == theirs
    assert len(ours) == 15
    assert not (tmp_path / "out" / NAMES[2] / "checkpoint").exists()


@needs_pyarrow
def test_packing_twice_gives_the_same_bytes(study):
    before = (study / ROWS_FILE).read_bytes()
    pack_study(study)  # from what is packed
    assert (study / ROWS_FILE).read_bytes() == before
    shutil.copytree(study.parent / "cells", study / "cells")
    pack_study(study)
    assert (study / ROWS_FILE).read_bytes() == before


@needs_pyarrow
def test_the_columns_are_typed(study):
    pandas = pytest.importorskip("pandas")
    table = pandas.read_parquet(study / ROWS_FILE)
    assert list(table["cell"].unique()) == list(NAMES)
    assert table["confidence"].dtype == "float64"
    assert set(table["group:level"]) == {1}
    assert set(table["group:family"]) == {"sum", "product"}
    assert list(table["file:cell.json"].dropna().index) == [0, 30, 60]


@needs_pyarrow
def test_a_cell_reads_like_its_folder(study):
    for name in NAMES:
        stored = read_run(study.parent / "cells" / name / "run")
        for spec in (study / name, study / "cells" / name / "run"):
            packed = read_run(spec)
            assert packed.rows == stored.rows
            assert packed.provenance == stored.provenance
            assert packed.name == stored.name == name
        assert read_run(f"x={study / name}").name == "x"


@needs_pyarrow
def test_commands_take_a_study_and_a_cell(study, run, tmp_path):
    plain = [study.parent / "cells" / name / "run" for name in NAMES]
    said = run("score", study, "--json", tmp_path / "a.json")
    assert said == run("score", *plain, "--json", tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert repr(score(study)) == repr(score(plain))
    assert expand_specs([study, plain[0]]) == [*(str(study / n) for n in NAMES), str(plain[0])]
    a, b = study / NAMES[0], study / NAMES[2]
    assert run("compare", a, b) == run("compare", plain[0], plain[2])
    assert len(compare(a, b)) == 1
    run("gate", "--reference", a, a)
    run("report", study, "-o", tmp_path / "a.csv")
    run("report", *plain, "-o", tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@needs_pyarrow
def test_a_cell_is_read_again_from_its_texts_like_a_stored_run(study, run):
    words = ("--reparse", "--json", "-")
    packed = run("score", study / NAMES[1], *words)
    assert packed[0] == 0
    assert packed == run("score", study.parent / "cells" / NAMES[1] / "run", *words)


@needs_pyarrow
def test_scrub_says_what_it_does_not_look_at(study, run):
    shutil.copytree(study.parent / "cells" / NAMES[0], study / "cells" / NAMES[0])
    code, out, _ = run("store", "--scrub", study, "--check")
    assert code == 0
    assert f"not checked: 1 rows.parquet, such as {study / ROWS_FILE}: unpack" in out


@needs_pyarrow
def test_a_policy_names_a_cell_as_its_reference(study):
    policy = study / "policy.yaml"
    policy.write_text(f"version: 1\nreference: {NAMES[0]}\n", encoding="utf-8")
    assert gate(study / NAMES[0], policy).outcome != "FAIL"


@needs_pyarrow
def test_a_study_is_not_one_run(study, run, refused):
    code, out, err = run("compare", study, study / NAMES[0])
    assert (code, out) == (2, "")
    assert f"{study}: a packed study with 3 runs; choose one:" in err
    assert str(study / NAMES[1]) in err
    assert "no such cell; the cells are" in run("score", study / "c-opd")[2]
    assert "--store takes one run" in refused("score", study, "--store", study.parent / "s")
    assert "a packed study with 3 runs" in run("recalibrate", f"x={study}")[2]
    # `score` takes several: the name that is given stands before theirs.
    out = run("score", f"x={study}")[1]
    assert all(f"x/{name}: " in out for name in ("a-base", "a-opd-k-2-s0", "b-opd-s0"))


@needs_pyarrow
def test_its_file_is_no_flat_file(study):
    """Pooled, its cells would be one model."""
    with pytest.raises(UsageError, match="a packed study with 3 runs"):
        read_run(study / ROWS_FILE)


def _swap_outcome(columns):
    columns["correct"][35] = 1 - columns["correct"][35]


def _change_text(columns):
    columns["file:cell.json"][30] = columns["file:cell.json"][30].replace("opd", "sft")


def _drop_row(columns):
    for values in columns.values():
        del values[40]


@needs_pyarrow
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_swap_outcome, r"its rows are not those that were stored: .*line 6 \("),
        (_drop_row, r"its rows are not those that were stored: .*line 11 \("),
        (_change_text, "its name or files are not those that were packed"),
    ],
)
def test_the_first_cell_that_differs_is_named(study, capsys, change, said):
    from caopd_bench.cli import main

    _edit(study, change)
    assert read_run(study / NAMES[0]).name == NAMES[0]
    with pytest.raises(NotComparableError, match=said):
        read_run(study / NAMES[1])
    assert main(["score", str(study)]) == 4
    printed = capsys.readouterr()
    assert printed.out == ""
    assert NAMES[1] in printed.err
    assert f"restore {ROWS_FILE} from version control" in printed.err.replace("the file", ROWS_FILE)
    with pytest.raises(NotComparableError, match=NAMES[1]):
        unpack_cell(study, NAMES[1], study.parent / "out")


@needs_pyarrow
def test_rows_of_older_summaries_are_checked_too(folders):
    """Summaries that were stored before they held a hash: that of the Parquet decides."""
    file = folders / "cells" / NAMES[1] / "run" / "summary.json"
    summary = json.loads(file.read_text())
    for key in ("rows_sha256", "row_digests"):
        del summary[key]
    file.write_text(json.dumps(summary))
    pack_study(folders)
    shutil.rmtree(folders / "cells")
    assert len(read_run(folders / NAMES[1]).rows) == 30

    def change(columns):
        columns["stated"][33] = None  # no number of the summary is another

    _edit(folders, change)
    with pytest.raises(NotComparableError, match="holds other rows than were packed"):
        read_run(folders / NAMES[1])


@needs_pyarrow
def test_a_cell_that_was_run_again_comes_first(study):
    place = study / "cells" / NAMES[0]
    shutil.copytree(study.parent / "cells" / NAMES[2], place)
    assert read_run(study / NAMES[0]).name == NAMES[2]
    assert packed_files(study, NAMES[0])["cell.json"] == (place / "cell.json").read_bytes()
    pack_study(study)
    shutil.rmtree(place)
    assert read_run(study / NAMES[0]).name == NAMES[2]


@needs_pyarrow
def test_what_could_not_be_unpacked_is_not_packed(folders):
    import gzip

    rows = folders / "cells" / NAMES[0] / "run" / "rows.jsonl.gz"
    lines = gzip.decompress(rows.read_bytes()).splitlines(keepends=True)
    lines[3] = lines[3].replace(b'": ', b'":', 1)
    rows.write_bytes(gzip.compress(b"".join(lines)))
    with pytest.raises(UsageError, match=f"{NAMES[0]}/run/rows.jsonl.gz line 4: not as this"):
        pack_study(folders)
    assert not (folders / ROWS_FILE).exists()


@needs_pyarrow
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.pop("status"), "'status' is None, not string"),
        (lambda c: c.update(sample=[str(v) for v in c["sample"]]), "'sample' is string, not int64"),
        (lambda c: c["cell"].__setitem__(0, NAMES[2]), "do not stand together"),
        (lambda c: c["cell"].__setitem__(0, None), "a row is of no cell"),
    ],
)
def test_other_tables_are_refused(study, change, said):
    _edit(study, change)
    with pytest.raises(UsageError, match=f"not a packed study: .*{said}"):
        Study(study / ROWS_FILE)


@needs_pyarrow
def test_a_damaged_file_is_a_line(study, refused):
    file = study / ROWS_FILE
    file.write_bytes(file.read_bytes()[:-100])
    assert "not readable as Parquet" in refused("score", study)


def _call(name):
    """Call the second cell something else."""
    return lambda c: c.update(cell=[name if cell == NAMES[1] else cell for cell in c["cell"]])


def _name_file(name):
    return lambda c: c.update({f"file:{name}": c["file:cell.json"]})


@needs_pyarrow
@pytest.mark.parametrize(
    ("change", "said"),
    [
        *((_call(name), "a cell is called") for name in ("..", ".", "", "/abs", "a/b", "a\0b")),
        (_call("x" * 300), "a cell is called"),
        (_name_file("../x.json"), "a file of a cell is called"),
        *((_name_file(name), "a file of a cell") for name in ("", "/x", "a/../b", "run", "a//b")),
        (_name_file("cell.json/y"), "a file of a cell is called 'cell.json'"),
    ],
)
def test_no_file_is_read_or_written_outside_of_the_cell(study, refused, change, said):
    _edit(study, change)
    with pytest.raises(UsageError, match=said):
        unpack_cell(study, NAMES[0], study.parent / "out")
    assert not (study.parent / "out").exists()
    assert said in refused("score", study)


@needs_pyarrow
def test_a_cell_by_another_name_is_refused(study):
    """The numbers of one would be read as those of the other."""
    _edit(study, _call("a-opd-k=3-s0"))
    with pytest.raises(NotComparableError, match="its name or files are not those"):
        read_run(study / "a-opd-k=3-s0")


@needs_pyarrow
def test_a_cell_by_the_path_of_its_folder(study):
    named = [study / NAMES[0], study / "cells" / NAMES[0], study / "cells" / NAMES[0] / "run"]
    assert {read_run(path).name for path in named} == {NAMES[0]}


@needs_pyarrow
def test_a_cell_that_is_a_folder_is_scored_too(study):
    shutil.copytree(study.parent / "cells" / NAMES[2], study / "cells" / "c-opd-s0")
    assert [path.rpartition("/")[2] for path in map(str, expand_specs([str(study)]))] == [
        *NAMES,
        "c-opd-s0",
    ]


@needs_pyarrow
def test_a_study_by_another_name_is_not_one_model(study, refused):
    for place in (study / "other.parquet", study.parent / "flat" / "a.parquet"):
        place.parent.mkdir(exist_ok=True)
        shutil.copy(study / ROWS_FILE, place)
        assert "a packed study" in refused("score", place)
    assert "a packed study" in refused("score", study.parent / "flat")


@needs_pyarrow
def test_a_flat_file_beside_folders_is_no_study(tmp_path, make_run):
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = make_run([(0.5, 1)] * 9, "flat/cells/lm")
    table = pa.table({"confidence": [0.5, 0.25], "correct": [1, 0]})
    pq.write_table(table, tmp_path / "flat" / ROWS_FILE)
    assert len(read_run(made).rows) == 9
    assert len(read_run(tmp_path / "flat" / ROWS_FILE).rows) == 2


def test_without_pyarrow_it_says_what_to_install(folders, refused, monkeypatch):
    (folders / ROWS_FILE).write_bytes(b"PAR1")
    shutil.rmtree(folders / "cells")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    monkeypatch.setattr(
        "caopd_bench.runs.stored.study.util.find_spec",
        lambda name: None if name == "pyarrow" else util.find_spec(name),
    )
    for words in (("score", folders), ("score", folders / NAMES[0])):
        assert 'pip install "caopd-bench[parquet]"' in refused(*words)
