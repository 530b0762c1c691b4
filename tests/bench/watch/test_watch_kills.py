"""kill -9 at random moments of a look: nothing is counted twice, and nothing is lost."""

import json
import shutil
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "core"))
from kills import COMMAND, Killer  # noqa: E402

sys.path.remove(str(HERE.parent / "core"))

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="processes are counted in /proc"
)
often = pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])


def state_of(folder):
    """Give what was counted, without how often one looked."""
    document = json.loads((folder / "watch.json").read_text())
    return {key: value for key, value in document.items() if key != "looks"}


@often
def test_a_look_that_is_killed(tmp_path, promise_file, drawn, kills):
    log, state = tmp_path / "log.csv", tmp_path / "state"
    rows = [f"{i},2026-11-{1 + i % 28:02d},{c}," for i, (c, _) in enumerate(drawn(20_000, 8))]
    outcomes = [f"{i},,,{y}" for i, (_, y) in enumerate(drawn(20_000, 8)) if i % 3]
    head = "id,day,confidence,correct\n"
    first, second = rows[:8000], [*rows[8000:], *outcomes]
    log.write_text(head + "".join(f"{row}\n" for row in first))
    words = [*COMMAND, "watch", log, "--threshold", promise_file, "--state", state]
    killer = Killer(24, tmp_path)
    code, said = killer.run(words)
    assert code == 3, said
    shutil.copytree(state, tmp_path / "kept")
    with log.open("a") as stream:
        stream.writelines(f"{row}\n" for row in second)
    killer.seconds = None
    code, said = killer.run(words)
    assert code == 0, said
    old, new = state_of(tmp_path / "kept"), state_of(state)
    assert len(new["pending"]) == 6667
    working = 0
    for number in range(kills):
        shutil.rmtree(state)
        shutil.copytree(tmp_path / "kept", state)
        working += killer.kill(words, number)
        assert state_of(state) in (old, new)
        code, said = killer.run(words)
        assert code == 0, said
        assert state_of(state) == new
        assert [file.name for file in state.iterdir()] == ["watch.json"]
    assert working
