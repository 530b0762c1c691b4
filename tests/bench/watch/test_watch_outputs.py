"""The page, trackers, and thresholds with groups or a map."""

import json
import re
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace

import pytest

from caopd_bench import recalibrate, threshold


@pytest.fixture
def log(tmp_path, drawn):
    file = tmp_path / "log.csv"
    rows = [f"2026-11-{1 + i % 20:02d},{c},{y}\n" for i, (c, y) in enumerate(drawn(800, 9, 0.1))]
    file.write_text(f"day,confidence,correct\n{''.join(rows)}2026-11-20,1.0,\n")
    return file


def test_a_page(watch, log, tmp_path, promise_file):
    hostile = tmp_path / "hostile.json"
    document = json.loads(promise_file.read_text())
    document["task"] = "<script>alert(1)</script>"
    hostile.write_text(json.dumps(document))
    page = tmp_path / "page.html"
    code, _, err = watch(log, "--page", page, threshold=hostile)
    assert (code, err) == (1, "")
    text = page.read_text()
    assert "ALARM: &lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script" not in text
    assert not re.search(r"(src|href)=\"(?!#)|url\((?!#)|https?://(?!www.w3.org)", text)
    assert "default-src 'none'" in text
    assert text.count('<th scope="row">2026-11-') == 20
    assert "<svg" in text
    assert watch(log, "--page", tmp_path / "page.txt", threshold=hostile)[0] == 2


def fake(monkeypatch, name, **functions):
    """Put a client in the place of one that is not installed; gives its calls."""
    calls = []

    def record(of):
        def call(*given, **named):
            calls.append((of, given, named))
            return functions.get(of)

        return call

    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None)
    for function in ("init", "log", "finish", "set_experiment", "start_run", "log_params",
                     "log_metrics", "end_run"):  # fmt: skip
        setattr(module, function, record(function))
    monkeypatch.setitem(sys.modules, name, module)
    return calls


@pytest.mark.parametrize("tracker", ["wandb", "trackio"])
def test_each_look_is_a_step_of_one_run(watch, log, monkeypatch, tracker):
    calls = fake(monkeypatch, tracker)
    for _ in range(2):
        assert watch(log, "--log-to", tracker)[0] == 1
    inits = [named for of, _, named in calls if of == "init"]
    assert inits[0] == inits[1]
    assert inits[0]["resume"] == "allow"
    logged = [(given[0], named["step"]) for of, given, named in calls if of == "log"]
    assert [step for _, step in logged] == [1, 2]
    assert logged[0][0]["alarm"] == 1.0
    assert logged[0][0]["risk"] > 0.05
    assert logged[0][0]["Brier__kept_evidence"] > 0.0
    assert [of for of, _, _ in calls].count("finish") == 2


def test_mlflow_goes_on_in_its_run(watch, log, monkeypatch):
    run = SimpleNamespace(info=SimpleNamespace(run_id="r1"))
    calls = fake(monkeypatch, "mlflow", start_run=run)
    for _ in range(2):
        assert watch(log, "--log-to", "mlflow")[0] == 1
    starts = [named for of, _, named in calls if of == "start_run"]
    assert "run_name" in starts[0]
    assert starts[1] == {"run_id": "r1"}
    assert [named["step"] for of, _, named in calls if of == "log_metrics"] == [1, 2]


def test_trackers_that_are_not_there_or_fail(watch, log, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "wandb", None)
    monkeypatch.setattr("caopd_bench.watch.trackers.find_spec", lambda _: None)
    code, out, err = watch(log, "--log-to", "wandb")
    assert (code, out) == (2, "")
    assert "wandb is not installed; pip install wandb" in err
    assert not (tmp_path / "state").exists()
    monkeypatch.undo()
    fake(monkeypatch, "trackio")
    sys.modules["trackio"].log = lambda *_, **__: 1 / 0
    code, out, err = watch(log, "--log-to", "trackio")
    assert code == 1
    assert out.startswith("ALARM")
    assert "--log-to trackio: ZeroDivisionError" in err


def test_groups_have_alarms_of_their_own(watch, tmp_path):
    rows = [(c, y, g) for g in ("a", "b") for c, y in [(1.0, 1)] * 300 + [(0.5, 0)] * 100]
    body = "".join(f"{c},{y},{g}\n" for c, y, g in rows)
    file = tmp_path / "calibration.csv"
    file.write_text(f"confidence,correct,topic\n{body}")
    threshold(file, max_risk=0.05, by="topic").save(tmp_path / "t.json")
    log = tmp_path / "log.csv"
    good = "1.0,1,a\n" * 300
    log.write_text(f"confidence,correct,topic\n{good}" + "1.0,0,b\n" * 40 + "1.0,0,c\n" * 50)
    code, out, _ = watch(log, threshold=tmp_path / "t.json")
    assert code == 1
    assert "risk, topic b: ALARM since " in out
    assert "risk, topic a: ALARM" not in out
    assert "340 of 390 answers are kept" in out  # c is not known, and left
    (tmp_path / "bare.csv").write_text("confidence,correct\n1.0,1\n")
    code, _, err = watch(tmp_path / "bare.csv", threshold=tmp_path / "t.json")
    assert code == 2
    assert "by which the threshold has its cuts" in err


def test_the_map_of_the_promise_is_applied(watch, drawn, tmp_path):
    def write(name, seed):
        file = tmp_path / name
        rows = "".join(f"{c},{y}\n" for c, y in drawn(2000, seed))
        file.write_text(f"confidence,correct\n{rows}")
        return file

    from caopd_bench import read_run

    fitted = recalibrate(read_run(write("fit.csv", 11)))
    promise = threshold(write("calibration.csv", 12), max_risk=0.05, map=fitted)
    assert promise.outcome == "CERTIFIED"
    promise.save(tmp_path / "t.json")
    log = write("log.csv", 13)
    code, _, _ = watch(log, "--json", tmp_path / "x.json", threshold=tmp_path / "t.json")
    assert code == 0
    stated = [float(line.split(",")[0]) for line in log.read_text().splitlines()[1:]]
    found = json.loads((tmp_path / "x.json").read_text())
    assert found["kept"] == int(promise.keep(stated).sum())
    gap = next(one for one in found["alarms"] if one["name"] == "gap, kept")
    mapped = promise.map(stated)[promise.keep(stated)].mean()
    risk = next(one for one in found["alarms"] if one["name"] == "risk")
    assert gap["estimate"] == pytest.approx(mapped - (1 - risk["estimate"]))
