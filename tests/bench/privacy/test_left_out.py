"""What is left out is named once, with the reason; what is in a file, with its place."""

import json
import shutil

import pytest

from caopd_bench.core.privacy.credentials import LEFT_OUT
from caopd_bench.core.privacy.keep import is_recorded, keep_named
from caopd_bench.core.privacy.left_out import list_left_out
from caopd_bench.core.privacy.names import DECODING, RUN
from caopd_bench.core.privacy.paths import shorten_path
from caopd_bench.runs.stored.secrets import say_left_out
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.scores.score import score

SECRET = "sk-PLANTED01X"
TASK = "caopd_math_conf"


@pytest.fixture
def stored(populations, tmp_path):
    made = populations.make_run(*populations.draw(50, 1))
    write_stored(made, score(made), tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("model_args.api_key", False),
        ("model_args.revision", True),
        ("model_args.base_url (parts of an address)", True),
        ("model_args.model_kwargs.quantization_config.bits", True),
        ("model_args.model_kwargs.token", False),
        ("model_args.gptq_bits", True),
        ("gen_kwargs.stop", True),
        ("gen_kwargs.header", False),
        (f"tasks.{TASK}.generation.stop", True),
        (f"tasks.{TASK}.generation.header", False),
        ("tasks.my.task.v1.generation.stop", True),
        ("tasks.my.task.v1.generation.api_key", False),
        ("tasks.another name.generation.until", True),
        ("note", False),
        ("model_args", True),
        ("model_args.text without a name", False),
        ("model_args.another name", False),
    ],
)
def test_why_a_setting_is_left_out(name, wanted):
    assert is_recorded(name, RUN) is wanted


def test_the_reason_is_said(capsys):
    names = ["model_args.api_key", "model_args.revision", "gen_kwargs.stop", "note"]
    say_left_out({"left_out": [*names, f"tasks.{TASK}.generation.stop"]}, "stored run")
    assert capsys.readouterr().err.splitlines() == [
        "left out of the stored run: not recorded: model_args api_key; note (docs/reliability.md)",
        "left out of the stored run: looked like a secret: model_args revision; gen_kwargs stop "
        "(docs/reliability.md)",
    ]
    say_left_out({}, "stored run")
    assert capsys.readouterr().err == ""


def test_a_setting_of_one_task_only_is_named():
    names = ["gen_kwargs.token", "tasks.a.generation.stop", "tasks.a.effective_generation.token"]
    assert list_left_out(names) == "gen_kwargs token; task a, generation, stop"


@pytest.mark.parametrize("value", [[SECRET], [SECRET, "Bearer abcdef"], [[SECRET]]])
def test_a_list_without_its_values_is_left_out(value):
    assert keep_named({"stop": value}, DECODING) == ({}, ["stop"], [])


def test_a_list_that_was_empty_stays():
    assert keep_named({"stop": [], "until": ["#", SECRET]}, DECODING) == (
        {"stop": [], "until": ["#"]}, ["until"], []
    )  # fmt: skip


def plant(stored, **settings):
    file = stored / "summary.json"
    summary = json.loads(file.read_text())
    summary["provenance"] |= settings
    file.write_text(json.dumps(summary))


def test_a_check_does_not_speak_of_what_was_taken_out(stored, run):
    plant(stored, model_args={"api_key": SECRET}, note=SECRET)
    code, out, _ = run("store", "--scrub", stored, "--check")
    assert code == 1
    assert "summary.json: may contain secrets: keys model_args api_key; note\n" in out
    assert "replace every key and password" in out
    assert "taken out" not in out
    code, out, _ = run("store", "--scrub", stored)
    assert code == 0
    assert "still contain what was removed" in out


def test_keys_and_lines_are_named(stored, run, tmp_path):
    assert run("baseline", "init", stored, "--output", tmp_path / "ref", "--reason", "r")[0] == 0
    log = tmp_path / "ref" / "CHANGES.md"
    text = log.read_text()
    log.write_text(f"{text}\nwith {SECRET}\n\nand {SECRET}\n")
    lines = [i for i, line in enumerate(log.read_text().split("\n"), 1) if SECRET in line]
    plant(tmp_path / "ref", note=SECRET)
    err = run("score", tmp_path / "ref")[2]
    assert f"CHANGES.md may contain secrets (lines {lines[0]}, {lines[1]}); " in err
    assert "summary.json may contain secrets (key note); " in err
    out = run("store", "--scrub", tmp_path / "ref")[1]
    assert f"CHANGES.md: removed: lines {lines[0]}, {lines[1]}\n" in out
    assert SECRET not in log.read_text()


@pytest.mark.usefixtures("stored")
def test_yaml_files_are_named_as_not_looked_at(run, tmp_path):
    assert "YAML" not in run("store", "--scrub", tmp_path)[1]
    policy = tmp_path / "sub" / "gate.yaml"
    policy.parent.mkdir()
    policy.write_text(f"reference: http://me:{SECRET}@host\n")
    out = run("store", "--scrub", tmp_path)[1]
    assert f"not checked: 1 YAML file, such as {policy}: policies and sweep files" in out
    shutil.copy(policy, tmp_path / "b.YML")
    assert "not checked: 2 YAML files, such as" in run("store", "--scrub", tmp_path, "--check")[1]


LOG = "2026-11-30T01-56-37-00-00_sums-mock_2n5WxF6jS9nPoUK59C2BAv.eval"


@pytest.mark.parametrize(
    "name",
    [
        LOG,
        LOG.replace(".eval", ".json"),
        f"logs/{LOG}",
        "2024-05-29T12-38-43+02-00_my_task.v2_8kFmP3qZ9rTtXw7Yv5NcGh.eval",
    ],
)
def test_the_id_in_the_name_of_a_log_of_inspect_is_no_key(name):
    assert shorten_path(name) == name


@pytest.mark.parametrize(
    "name",
    [
        LOG.replace(".eval", ".txt"),
        LOG.replace("2026-11-30T01-56-37-00-00_", ""),
        LOG.replace("_2n5W", "_sk-2n5W"),
        LOG.replace("BAv", "BAvmQ3xZ81k"),
        LOG.replace("sums-mock", "mQ3xZ81kLp0aYv7RtW2s"),
        LOG.replace("sums-mock", "hf_mQ3xZ81kLp0aYv7RtW2s"),
    ],
)
def test_another_random_part_of_a_name_is_left_out(name):
    assert shorten_path(name) == LEFT_OUT


def test_settings_of_a_task_are_told_by_its_name():
    names = ["tasks.sums_mock.source.set", "tasks.a.b.reading.scale", "tasks.c.other", "model"]
    assert list_left_out(names) == (
        "task sums_mock, source, set; task a.b, reading, scale; task c, other; model"
    )
