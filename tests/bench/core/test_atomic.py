"""What a command writes replaces what was there when it is whole, and not before."""

import errno
import itertools
import os
import stat
import subprocess
from pathlib import Path

import pytest

from caopd_bench.core.files import folders as output_folders
from caopd_bench.core.files import write as output
from caopd_bench.core.files.folders import replacing_folder
from caopd_bench.core.files.write import replace_files

OLD = b"what was there before"


@pytest.fixture
def full(monkeypatch):
    """Let the n-th call of a kind fail as on a full disk; half of what it writes is written."""

    def install(n, name="write"):
        real, calls = getattr(os, name), itertools.count(1)

        def fail(handle, *given):
            if next(calls) < n:
                return real(handle, *given)
            if name == "write":
                real(handle, bytes(given[0])[: len(given[0]) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(output.os, name, fail)

    return install


@pytest.fixture
def stored(make_run, run, tmp_path):
    """Two stored runs of 60 rows, with their texts."""
    runs = []
    for name, second in (("one", 0.4), ("two", 0.7)):
        folder = make_run([(0.9, 1), (second, 0), (0.6, 1)] * 20, name, model=f"org/{name}")
        assert run("score", folder, "--store", tmp_path / f"s-{name}", "--text")[0] == 0
        runs.append(tmp_path / f"s-{name}")
    return runs


WRITERS = {
    "score --json": ("r.json",),
    "score --figure": ("r.png",),
    "score --figure svg": ("r.svg",),
    "score --figure pdf": ("r.pdf",),
    "compare --json": ("r.json",),
    "report": ("r.html", "r.json", "r.md", "r.csv", "r.tex"),
    "report --samples all": ("r.html", "r.samples.jsonl"),
}


def words_of(name, stored, folder):
    one, two = stored
    files = [folder / file for file in WRITERS[name]]
    if name == "score --json":
        return ["score", one, "--json", files[0]]
    if name.startswith("score --figure"):
        return ["score", one, "--figure", files[0]]
    if name == "compare --json":
        return ["compare", one, two, "--json", files[0]]
    if name == "report":
        return ["report", one, two, *itertools.chain(*(("--output", file) for file in files))]
    return ["report", one, two, "--output", files[0], "--samples", "all"]


@pytest.mark.parametrize("call", ["write", "fsync"])
@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_every_old_file(stored, run, tmp_path, monkeypatch, full, name, call):
    folder = tmp_path / "out"
    folder.mkdir()
    words = words_of(name, stored, folder)
    for n in range(1, 20):
        for file in WRITERS[name]:
            (folder / file).write_bytes(OLD)
        with monkeypatch.context():
            full(n, call)
            code, _, err = run(*words)
            monkeypatch.undo()
        if code == 0:
            break
        assert code == 5, err
        assert "No space left on device" in err
        assert str(folder) in err
        left = {file.name: file.read_bytes() for file in folder.iterdir()}
        assert left == dict.fromkeys(WRITERS[name], OLD), n
    assert 1 < n < 19, "each write was tried, and then none failed"
    assert all((folder / file).read_bytes() != OLD for file in WRITERS[name])
    assert {file.name for file in folder.iterdir()} == set(WRITERS[name])


@pytest.mark.parametrize("name", ["score --json", "score --figure", "compare --json"])
def test_a_link_and_the_mode_of_a_file_stay(stored, run, tmp_path, name):
    folder = tmp_path / "out"
    folder.mkdir()
    place = folder / WRITERS[name][0]
    kept = tmp_path / f"kept{place.suffix}"
    kept.write_bytes(OLD)
    kept.chmod(0o640)
    place.symlink_to(kept)
    assert run(*words_of(name, stored, folder))[0] == 0
    assert place.is_symlink()
    assert kept.read_bytes() != OLD
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640


@pytest.mark.parametrize("place", ["/dev/stdout", "/dev/fd/1", ">(cat)"])
@pytest.mark.parametrize("command", ["score", "compare"])
def test_streams_are_written_to(stored, tmp_path, shell, place, command):
    runs = " ".join(str(one) for one in stored[: 1 if command == "score" else 2])
    script = shell.__closure__[0].cell_contents if shell.__closure__ else "caopd-bench"
    line = f"{script} {command} {runs} --json {place} 2>/dev/null | cat"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert '"metric": ' in done.stdout or '"task": ' in done.stdout
    assert {file.name for file in tmp_path.iterdir()} <= {"one", "two", "s-one", "s-two"}


def test_what_comes_in_pieces_replaces_its_file_at_the_end(tmp_path):
    file, other = tmp_path / "rows", tmp_path / "page"
    file.write_bytes(OLD)

    def pieces(last):
        yield b"new, "
        assert file.read_bytes() == OLD
        yield last

    with pytest.raises(TypeError):
        replace_files({other: b"page", file: pieces(None)})
    assert (file.read_bytes(), other.exists()) == (OLD, False)
    replace_files({other: b"page", file: pieces(b"in pieces")})
    assert file.read_bytes() == b"new, in pieces"
    assert {entry.name for entry in tmp_path.iterdir()} == {"rows", "page"}


def test_an_error_names_the_file_that_is_written_or_the_one_that_is_read(tmp_path):
    file, absent = tmp_path / "rows", tmp_path / "absent" / "rows"

    def read(name):
        yield (tmp_path / name).read_bytes()

    with pytest.raises(FileNotFoundError) as caught:
        replace_files({file: read("sub/absent")})
    assert caught.value.filename == str(tmp_path / "sub" / "absent")
    with pytest.raises(FileNotFoundError) as caught:
        replace_files({absent: b""})
    assert caught.value.filename == str(absent)


@pytest.mark.parametrize("exchange", [True, False])
def test_a_folder_is_in_its_place_when_it_is_whole(tmp_path, monkeypatch, exchange):
    if not exchange:
        monkeypatch.setattr(output_folders, "_exchange", lambda *_: False)
    folder = tmp_path / "model"
    (tmp_path / ".model.0123abcd.part").mkdir()  # of a killed one
    for number in range(3):
        with replacing_folder(folder) as new:
            (new / "sub").mkdir()
            (new / "sub" / "file").write_text(str(number))
            assert (folder / "sub" / "file").exists() is (number > 0)
        assert (folder / "sub" / "file").read_text() == str(number)
    with pytest.raises(ValueError, match="stopped"), replacing_folder(folder) as new:
        raise ValueError("stopped")
    assert (folder / "sub" / "file").read_text() == "2"
    assert list(tmp_path.iterdir()) == [folder]


def test_all_of_a_folder_is_on_the_disk_before_it_is_seen(tmp_path, monkeypatch):
    synced, real = [], os.fsync

    def fsync(handle):
        synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        assert not (tmp_path / "model").exists() or synced[-1] == str(tmp_path)
        real(handle)

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("the names of open files are read from /proc")
    monkeypatch.setattr(output.os, "fsync", fsync)
    with replacing_folder(tmp_path / "model") as new:
        (new / "sub").mkdir()
        (new / "sub" / "a").write_text("a")
        (new / "b").write_text("b")
        part = str(new)
    expected = {part, f"{part}/sub", f"{part}/sub/a", f"{part}/b", str(tmp_path)}
    assert set(synced) == expected
