"""A damaged reference is restored from version control; a damaged stored run is stored again."""

import pytest

from caopd_bench.runs.stored.store import write_stored
from caopd_bench.scores.score import score

# What is drawn for the plan of a reference is not what these tests are about.
pytestmark = pytest.mark.usefixtures("few_draws")

RESTORE, AGAIN = "restore it from version control", "store the run again"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0f\nsize 12345\n"
CONFLICT = b"<<<<<<< HEAD\n%s=======\n%s>>>>>>> theirs\n"


@pytest.fixture
def folders(populations, run, tmp_path):
    """A stored run, and a reference made of it."""
    made = populations.make_run(*populations.draw(100, 1))
    write_stored(made, score(made), tmp_path / "run")
    words = ("--output", tmp_path / "ref", "--reason", "r")
    assert run("baseline", "init", tmp_path / "run", *words)[0] == 0
    return {"run": tmp_path / "run", "ref": tmp_path / "ref"}


def conflict(content):
    return CONFLICT % (content, content)


def conflict_within(content):
    head, _, tail = content.partition(b"\n")
    return head + b"\n" + CONFLICT % (b"1\n", b"2\n") + tail


DAMAGES = {
    "rows deleted": ("rows.jsonl.gz", None),
    "summary deleted": ("summary.json", None),
    "rows cut off": ("rows.jsonl.gz", lambda content: content[:-20]),
    "summary cut off": ("summary.json", lambda content: content[:-20]),
    "summary with a conflict": ("summary.json", conflict),
    "summary with a conflict within": ("summary.json", conflict_within),
    "summary empty": ("summary.json", lambda _: b""),
}


def damage(folder, name, change):
    file = folder / name
    if change is None:
        file.unlink()
    else:
        file.write_bytes(change(file.read_bytes()))


def readings(folder):
    yield ("score", folder)
    yield ("gate", "--plan", "--reference", folder)
    yield ("baseline", "show", folder)
    yield ("baseline", "verify", folder)


@pytest.mark.parametrize(("kind", "advice"), [("ref", RESTORE), ("run", AGAIN)])
@pytest.mark.parametrize(("name", "change"), DAMAGES.values(), ids=DAMAGES)
def test_what_to_do_about_a_damaged_file(folders, run, kind, advice, name, change):
    damage(folders[kind], name, change)
    for words in readings(folders[kind]):
        code, out, err = run(*words)
        assert (code, out) == (2, "")
        assert err.count("\n") == 1
        assert name in err
        assert advice in err
        is_conflict = change in (conflict, conflict_within)
        assert ("conflict markers of a merge" in err) is is_conflict


@pytest.mark.parametrize("kind", ["ref", "run"])
@pytest.mark.parametrize("name", ["rows.jsonl.gz", "summary.json", "baseline.json"])
def test_a_pointer_of_git_lfs(folders, run, kind, name):
    (folders[kind] / name).write_bytes(POINTER)
    for words in list(readings(folders[kind]))[name == "baseline.json" :]:
        code, out, err = run(*words)
        assert (code, out) == (2, "")
        assert err.count("\n") == 1
        assert f"{name}: is a pointer of Git LFS; fetch the file itself: git lfs pull" in err


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("baseline.json", "its reason and rerun noise are lost"),
        ("CHANGES.md", "the log of changes is lost"),
    ],
)
def test_verify_names_the_file_that_is_gone(folders, run, name, gone):
    (folders["ref"] / name).unlink()
    code, out, _ = run("baseline", "verify", folders["ref"])
    assert code == 1
    assert out == f"{folders['ref']}: {name} is missing: {gone}; {RESTORE}\n"
    said = run("baseline", "show", folders["ref"])[1]
    assert f"{name} is missing: {gone}" in said
    assert "not created by `baseline init`" not in said


def test_a_plain_stored_run_lacks_nothing(folders, run):
    assert run("baseline", "verify", folders["run"])[0] == 0
    assert "not created by `baseline init`" in run("baseline", "show", folders["run"])[1]


def test_both_files_of_the_stored_run_are_gone(folders, run):
    for name in ("rows.jsonl.gz", "summary.json"):
        (folders["ref"] / name).unlink()
    code, _, err = run("baseline", "verify", folders["ref"])
    assert code == 2
    assert RESTORE in err
