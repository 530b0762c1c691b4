"""A command that is stopped after any of its steps leaves what was there, or all that was to be.

The same command once more then does its work, and leaves nothing of the one that was stopped.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from caopd_bench import read_run, score
from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.folders import only_writer, replace_folder
from caopd_bench.core.files.write import replace_files
from caopd_bench.gates.reference import verify_baseline
from caopd_bench.runs.stored.store import write_stored

HALTING = Path(__file__).with_name("halting.py")


@pytest.fixture(scope="module")
def home(tmp_path_factory, populations):
    """Stored runs a, and b of other rows, and a reference of a."""
    home = tmp_path_factory.mktemp("home")
    first, second = (populations.draw(120, seed) for seed in (1, 2))
    settings = {"parser_version": "2", "prompt_version": "1"}
    for name, rows in (("a", first), ("b", populations.redecode(first, second, 1, share=0.2))):
        run = populations.make_run(*rows, name, settings=settings)
        write_stored(run, score(run), home / name)
    return home


class Halting:
    """Runs commands, and copies a folder at each of their steps: `halting.py`."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, str(HALTING)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )

    def _send(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().split()

    def run(self, words, exchange, *, at=None):
        """Run a command to its end; call a function where it halts."""
        asked = {"words": [*map(str, words)], "halts": at is not None, "exchange": exchange}
        said = self._send(json.dumps(asked))
        while said[0] != "ended":
            at(*said)
            said = self._send("go on")
        assert said == ["ended", "0"]


@pytest.fixture(scope="module")
def halting():
    started = Halting()
    yield started
    started.process.stdin.close()
    started.process.wait()
    started.process.stdout.close()


def contents(folder):
    if not folder.is_dir():
        return None
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def copy(folder, to):
    """Copy a folder; two names of one file stay two names of one."""
    names = {}

    def copy_file(file, place):
        known = names.setdefault(Path(file).stat().st_ino, place)
        if known is place:
            shutil.copy2(file, place)
        else:
            os.link(known, place)

    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to, copy_function=copy_file)


def describe(folder):
    """Give all that a folder holds; in the names of parts are random digits."""
    return tuple(
        sorted(
            (re.sub("[0-9a-f]{8}", "*", str(path.relative_to(folder))), path.stat().st_nlink,
             path.read_bytes() if path.is_file() else b"")
            for path in folder.rglob("*")
        )
    )  # fmt: skip


@pytest.fixture
def stop_everywhere(halting, tmp_path):
    """Stop a command after each of its steps, and look at what is there.

    A command that is killed leaves on the disk what is there at that moment: it is copied at each
    step of one run. Then `check` looks at each copy in its place, given that of the finished run,
    and the same command goes over it once more. Gives the steps.
    """

    def stop(words, place, prepare, check, *, exchange=True):
        copies = tmp_path / "copies"
        steps, seen = [], {}

        def at(where, step):
            if where == "at":
                steps.append(step)
            # Steps that change nothing (fsync) leave what the one before them left.
            number = seen.setdefault(describe(place), len(seen))
            if not (copies / str(number)).exists():
                copy(place, copies / str(number))

        prepare()
        halting.run(words, exchange, at=at)
        finished = copies / "finished"
        copy(place, finished)
        for number in range(len(seen)):
            copy(copies / str(number), place)
            check(finished)
            halting.run(words, exchange)
            left = [file.name for file in place.iterdir() if file.name.startswith(".")]
            assert not left, (number, steps, left)
        return steps

    return stop


@pytest.mark.parametrize("exchange", ["one rename", "two renames"])
def test_a_stored_run(home, tmp_path, stop_everywhere, exchange):
    place, new = tmp_path / "place", tmp_path / "new"
    write_stored(replace(read_run(home / "b"), name="a"), [], new)
    old = contents(home / "a")
    seen = set()

    def prepare():
        place.mkdir()
        shutil.copytree(home / "a", place / "run")

    def check(finished):
        assert contents(finished / "run") != old
        found = contents(place / "run")
        if found is None:  # between two renames, where the system cannot exchange two folders
            assert exchange == "two renames"
            assert contents(place / ".run.caopd-bench-old") == old
        else:
            read_run(place / "run")
            assert found in (old, contents(finished / "run"))
        seen.add("none" if found is None else "old" if found == old else "new")

    words = ("score", f"a={new}", "--store", place / "run")
    steps = stop_everywhere(words, place, prepare, check, exchange=exchange == "one rename")
    assert {"open", "write", "fsync", "mkdir"} < set(steps)
    assert steps.count("exchange") == (exchange == "one rename")
    assert seen == ({"old", "new"} if exchange == "one rename" else {"old", "new", "none"})


def test_a_new_stored_run(home, tmp_path, stop_everywhere):
    place = tmp_path / "place"

    def check(_finished):
        if (place / "run").exists():
            assert len(read_run(place / "run").rows) == 120

    words = ("score", home / "a", "--store", place / "run")
    steps = stop_everywhere(words, place, place.mkdir, check)
    assert steps.count("rename") == 1
    assert steps.count("write") >= 2


@pytest.mark.parametrize("extra", [False, True])
def test_a_reference(home, tmp_path, run, stop_everywhere, extra):
    place = tmp_path / "place"
    reference = place / "ref"
    seen = set()

    def prepare():
        words = ("baseline", "init", home / "a", "--output", reference, "--reason", "first")
        place.mkdir()
        assert run(*words)[0] == 0
        if extra:
            (reference / "README.md").write_text("ours")
        copy(reference, tmp_path / "old")

    def check(_finished):
        found = contents(reference)
        is_old = found == contents(tmp_path / "old")
        assert verify_baseline(reference) == []
        assert found.get("README.md") == (b"ours" if extra else None)
        seen.add(is_old)
        is_new = read_run(reference).name == "b"
        assert is_new != is_old
        assert (b"second" in found["CHANGES.md"]) == is_new
        assert (b"second" in found["baseline.json"]) == is_new
        assert run("gate", "--reference", reference, home / "a")[0] == 0

    update = ("baseline", "update", home / "b", "--output", reference, "--reason", "second")
    steps = stop_everywhere(update, place, prepare, check)
    assert steps.count("exchange") == 1
    assert steps.count("write") >= 4
    assert seen == {True, False}


def test_a_new_reference(home, tmp_path, stop_everywhere):
    place = tmp_path / "place"

    def check(_finished):
        if (place / "ref").exists():
            assert verify_baseline(place / "ref") == []
            # Made before it was stopped: that it exists is what a second `init` says.
            shutil.rmtree(place / "ref")

    words = ("baseline", "init", home / "a", "--output", place / "ref", "--reason", "r")
    steps = stop_everywhere(words, place, place.mkdir, check)
    assert steps.count("rename") == 1


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("score", "a", "--json", "x.json", "--figure", "x.png"), ("x.json", "x.png")),
        (
            (
                "gate",
                "--reference",
                "a",
                "b",
                *("--output", "x.json"),
                *("--output", "x.html"),
                "--output",
                "x.xml",
            ),
            ("x.json", "x.html", "x.xml"),
        ),
        (
            # Of one run: what it writes does not depend on how long it compares.
            ("report", "a", *("-o", "x.html"), *("-o", "x.csv")),
            ("x.html", "x.csv"),
        ),
    ],
    ids=lambda value: " ".join(value[:2]),
)
def test_files(home, tmp_path, stop_everywhere, words, names):
    """Each file by itself is the old or the new one: several are not one."""
    place = tmp_path / "place"
    placed = [
        home / word if word in ("a", "b") else place / word if word.startswith("x.") else word
        for word in words
    ]
    seen = {name: set() for name in names}

    def prepare():
        place.mkdir()
        for name in names:
            (place / name).write_bytes(b"old")

    def check(finished):
        for name in names:
            found = (place / name).read_bytes()
            assert found in (b"old", (finished / name).read_bytes())
            seen[name].add(found == b"old")

    steps = stop_everywhere(placed, place, prepare, check)
    assert steps.count("replace") == len(names)
    assert all(found == {True, False} for found in seen.values())


def test_what_is_renamed_is_on_the_disk_before(tmp_path, monkeypatch):
    """A rename that outlives a power cut would else outlive the bytes that it names."""
    steps = []
    for name in ("write", "fsync", "replace", "rename"):
        call = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *given, call=call, name=name: (steps.append(name), call(*given))[1]
        )
    replace_files({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert steps == ["write", "fsync", "write", "fsync", "replace", "replace", "fsync"]
    steps.clear()
    with only_writer(tmp_path / "c"):
        replace_folder(tmp_path / "c", {"x": b"1", "y": b"2"})
    assert steps == [*["write", "fsync"] * 2, *["fsync"] * 3, "rename", "fsync"]


UPDATE = """
import sys
from caopd_bench.cli import main
from caopd_bench.gates.planning import plan

plan.DRAWS = plan.FEWEST = 8  # which write nothing
print("ready", flush=True)
sys.stdin.readline()
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("_", range(3))
def test_two_updates_at_once_are_both_in_the_log(home, tmp_path, run, _):
    reference = tmp_path / "ref"
    first = ("baseline", "init", home / "a", "--output", reference, "--reason", "first")
    assert run(*first)[0] == 0

    def words(name):
        return ("--output", str(reference), "--reason", f"from {name}")

    started = [
        subprocess.Popen(
            [sys.executable, "-c", UPDATE, "baseline", "update", str(home / name), *words(name)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("a", "b")
    ]
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        process.communicate()
        assert process.returncode == 0
    log = (reference / "CHANGES.md").read_text()
    assert [log.count(f"from {name}\n") for name in ("a", "b")] == [1, 1]
    assert verify_baseline(reference) == []
    assert [file.name for file in tmp_path.iterdir()] == ["ref"]


def test_a_link_and_a_pipe_stay_what_they_are(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    replace_files({tmp_path / "link": b"new"})
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    read, write = os.pipe()
    replace_files({Path(f"/dev/fd/{write}"): b"through"})
    assert os.read(read, 100) == b"through"
    os.close(read)
    os.close(write)
    with (tmp_path / "log").open("wb") as log:  # of a command whose output goes there
        log.write(b"before ")
        log.flush()
        replace_files({Path(f"/dev/fd/{log.fileno()}"): b"through"})
        assert os.fstat(log.fileno()).st_nlink == 1


def test_a_file_keeps_its_mode_and_others_their_parts(tmp_path):
    file = tmp_path / "x"
    file.write_bytes(b"old")
    file.chmod(0o640)
    (tmp_path / ".x.0123abcd.part").write_bytes(b"of a stopped command")
    (tmp_path / "x.part").write_bytes(b"of the user")
    (tmp_path / ".y.0123abcd.part").write_bytes(b"of another file")
    replace_files({file: b"new"})
    assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(f.name for f in tmp_path.iterdir()) == [".y.0123abcd.part", "x", "x.part"]


def test_a_name_of_255_bytes(tmp_path):
    for name in ("n" * 255, "ü" * 127):
        replace_files({tmp_path / name: b"new"})
        assert (tmp_path / name).read_bytes() == b"new"
        (tmp_path / name).unlink()
        with only_writer(tmp_path / name):
            replace_folder(tmp_path / name, {"a": b"1"})
            replace_folder(tmp_path / name, {"a": b"2"})
        assert contents(tmp_path / name) == {"a": b"2"}


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises((OSError, UsageError)), only_writer(tmp_path / "file" / "run"):
        pass
    assert (tmp_path / "file").read_bytes() == b"mine"


@pytest.mark.parametrize("inside", [".", "extra/deep"])
def test_the_current_folder_stays(home, tmp_path, run, monkeypatch, inside):
    """Its rename would leave a shell, and whatever stands in it, in a folder that is gone."""
    reference = tmp_path / "ref"
    reference.mkdir()
    monkeypatch.chdir(reference)
    words = ("--output", ".", "--reason")
    assert run("baseline", "init", home / "a", *words, "first")[0] == 0
    (reference / "extra" / "deep").mkdir(parents=True)
    monkeypatch.chdir(inside)
    target = os.path.relpath(reference)
    stands = reference.stat().st_ino
    update = ("baseline", "update", home / "b", "--output", target, "--reason", "second")
    assert run(*update)[0] == 0
    assert reference.stat().st_ino == stands
    assert verify_baseline(reference) == []
    assert read_run(reference).name == "b"
    assert [file.name for file in tmp_path.iterdir()] == ["ref"]
    assert {file.name for file in reference.iterdir()} == {
        *("rows.jsonl.gz", "summary.json", "baseline.json", "CHANGES.md", "extra")
    }


def test_a_mount_point_stays(home, tmp_path, run, monkeypatch):
    """Its rename is refused by the system."""
    place = tmp_path / "run"
    place.mkdir()
    stands = place.stat().st_ino
    is_mount = Path.is_mount
    monkeypatch.setattr(Path, "is_mount", lambda self: self == place or is_mount(self))
    for name in ("a", "a"):
        assert run("score", home / name, "--store", place)[0] == 0
    assert place.stat().st_ino == stands
    assert len(read_run(place).rows) == 120


def test_a_parent_that_cannot_be_written_to(home, tmp_path, run, monkeypatch):
    place = tmp_path / "run"
    place.mkdir()
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode, **more: path != tmp_path and access(path, mode, **more)
    )
    monkeypatch.setattr(os, "open", refuse_in(tmp_path, os.open))
    assert run("score", home / "a", "--store", place)[0] == 0
    monkeypatch.undo()
    assert sorted(file.name for file in place.iterdir()) == ["rows.jsonl.gz", "summary.json"]


def refuse_in(folder, call):
    def refuse(path, *given, **named):
        if Path(os.fspath(path)).parent == folder and given[0] & os.O_CREAT:
            raise PermissionError(13, "Permission denied", str(path))
        return call(path, *given, **named)

    return refuse


def test_other_files_are_the_same_files_afterwards(tmp_path):
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    for name in ("mine", "sub/mine"):
        (folder / name).write_bytes(b"1")
    (folder / "link").symlink_to("nowhere")
    os.mkfifo(folder / "pipe")
    known = {name: (folder / name).stat() for name in ("mine", "sub/mine", "pipe")}
    (tmp_path / ".folder.old").mkdir()  # of the user
    with only_writer(folder):
        replace_folder(folder, {"ours": b"2"})
    for name, before in known.items():
        after = (folder / name).stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert (folder / "link").is_symlink()
    assert (folder / "ours").read_bytes() == b"2"
    assert (tmp_path / ".folder.old").is_dir()


def test_an_error_names_the_folder_that_was_given(home, tmp_path, run):
    (tmp_path / "loop").symlink_to("loop")
    code, _, err = run("score", home / "a", "--store", tmp_path / "loop")
    assert code in (2, 5)
    assert f"{tmp_path / 'loop'}: " in err
    assert ".loop." not in err
