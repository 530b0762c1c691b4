"""`caopd-bench train` as it is typed: one line for what is wrong, nothing lost when it stops."""

import dataclasses
import errno
import json
import sys
from types import ModuleType

import pytest

from caopd_bench.cli import main
from caopd_bench.cli.parser import build_parser
from caopd_bench.core.errors import UsageError
from caopd_bench.train.settings import TrainSettings, list_options

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from caopd_bench.train.engines.local import Trainer  # noqa: E402

FEW = ("--steps", "2", "--prompts-per-step", "4", "--k", "2", "--max-new-tokens", "12")


@pytest.fixture
def train(capsys):
    before = torch.get_num_threads()

    def run(*words):
        code = main(["train", *map(str, words)])
        done = capsys.readouterr()
        return code, done.out, done.err

    yield run
    torch.set_num_threads(before)


@pytest.fixture
def started(micro_base, tmp_path):
    """Give the words of a run that would work."""
    return [
        *("--method", "opd", "--model", micro_base, "--task", "caopd_arith_conf"),
        *("--output", tmp_path / "out", "--threads", "1", *FEW),
    ]


def test_every_setting_is_an_option():
    known = [setting.name for setting in dataclasses.fields(TrainSettings)]
    assert [name for _, name, _ in list_options()] == known
    options = vars(build_parser().parse_args(["train"]))
    assert set(known) <= set(options)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"k": -5}, "k: input should be greater than or equal to 1; got -5"),
        ({"method": "odp"}, "method: input should be 'sft', "),
        ({"replace": "notes"}, "replace: must be one or more of"),
        ({"method": "grpo", "k": 1}, "k: grpo compares the rollouts"),
    ],
)
def test_settings_are_checked_however_they_are_made(wrong, said):
    fine = TrainSettings(method="opd", model="x")
    for make in (
        lambda: TrainSettings(**{"method": "opd", "model": "x", **wrong}),
        lambda: dataclasses.replace(fine, **wrong),
    ):
        with pytest.raises(UsageError, match=said):
            make()


def test_a_run_from_the_command_line(train, started, tmp_path):
    code, out, err = train(*started)
    assert code == 0, err
    assert out == f"{tmp_path / 'out'}\n"
    assert "step 2/2" in err
    made = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert made["settings"]["method"] == "opd"
    assert made["base"]["size"] == "10k"
    assert made["questions"]["count"] == 11200
    assert made["steps_done"] == 2
    assert {"torch", "transformers", "caopd_bench"} <= set(made["versions"])
    assert "--apply_chat_template" not in err  # a micro model has no template


@pytest.mark.parametrize(("words", "asked"), [((), True), (("--chat", "false"), False)])
def test_the_evaluation_asks_as_the_training_did(train, tiny_llama, tmp_path, words, asked):
    given = ("--method", "sft", "--model", tiny_llama, "--output", tmp_path / "out")
    code, _, err = train(*given, "--levels", "1-3", "--threads", "1", *FEW, *words)
    assert code == 0, err
    assert ("--apply_chat_template" in err) is asked
    assert """--metadata '{"levels": "1-3"}'""" in err


def test_settings_from_a_file_and_options_before_it(train, micro_base, tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text(
        f"method: caopd\nmodel: {micro_base}\ntask: caopd_arith_conf\nsteps: 50\nthreads: 1\n"
        "prompts_per_step: 4\nk: 2\nmax_new_tokens: 12\nscale_rewards: false\n"
    )
    code, _, err = train("--config", file, "--steps", "1", "--output", tmp_path / "o")
    assert code == 0, err
    made = json.loads((tmp_path / "o" / "settings.json").read_text())
    assert (made["steps"], made["method"], made["scale_rewards"]) == (1, "caopd", False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "missing: --method, --model; usage: caopd-bench train --method M --model PATH"),
        (["--method", "opd"], "missing: --model; usage: "),
        (["--model", "x"], "missing: --method; usage: "),
        (["--method", "odp", "--model", "x"], "method: input should be 'sft', "),
        (["--method", "opd", "--model", "x", "--k", "0"], "k: input should be greater than or"),
        (["--method", "opd", "--model", "x", "--k", "two"], "k: input should be a valid integer"),
        (
            ["--method", "opd", "--model", "x", "--replace", "notes"],
            "replace: must be one or more",
        ),
        (["--method", "opd", "--model", "x"], "--output is missing: name a new folder"),
        (
            ["--method", "opd", "--model", "x", "--size", "10k"],
            "--size can only be used with --method pretrain",
        ),
        (["--method", "opd", "--model", "x", "--output", "o", "--trl", "a=1"], "--trl can only be"),
        (["--method", "opd", "--model", "nowhere", "--output", "OUT"], "model: nowhere cannot be"),
        (["--method", "pretrain", "--size", "1k", "--output", "OUT"], "--size: must be one of"),
        (["--method", "pretrain", "--size", "10k"], "--output is missing: name a new folder"),
        (
            ["--method", "opd", "--model", "BASE", "--output", "OUT", "--task", "arith"],
            "'arith' cannot be trained on",
        ),
        (
            ["--method", "opd", "--model", "BASE", "--output", "OUT", "--task", "caopd_gsm8k_conf"],
            "give train_file",
        ),
        (
            ["--method", "opd", "--model", "BASE", "--output", "OUT", "--resume"],
            "nothing to resume here",
        ),
    ],
)
def test_what_cannot_be_used_is_one_line(train, words, said, micro_base, tmp_path):
    place = {"OUT": str(tmp_path / "out"), "BASE": str(micro_base)}
    code, out, err = train(*[place.get(word, word) for word in words])
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_a_misspelt_setting_in_a_file(train, tmp_path):
    (tmp_path / "c.yaml").write_text("method: opd\nlerning_rate: 1\n")
    code, _, err = train("--config", tmp_path / "c.yaml", "--output", tmp_path / "o")
    assert code == 2
    assert "lerning_rate: unknown setting; did you mean learning_rate?" in err


def test_an_output_in_use_is_left_alone(train, started, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("x")
    code, _, err = train(*started)
    assert code == 2
    assert "exists and is not empty" in err
    assert (tmp_path / "out" / "thesis.tex").read_text() == "x"


def _break(monkeypatch, error, at_step):
    from caopd_bench.train.engines import local

    steps = local.Trainer.take_step

    def fail(self):
        if self.step == at_step:
            raise error
        return steps(self)

    monkeypatch.setattr(local.Trainer, "take_step", fail)


@pytest.mark.parametrize(
    ("error", "said", "ends"),
    [
        (MemoryError(), "out of memory; lower micro_batch", 1),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate"), "out of memory", 1),
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full", 1),
        (IndexError("index out of range in self"), "more tokens than the model has positions", 1),
        (KeyboardInterrupt(), "stopped", 130),
    ],
)
def test_what_stops_a_run_leaves_a_usable_checkpoint(
    train, started, tmp_path, monkeypatch, error, said, ends
):
    _break(monkeypatch, error, 1)
    code, out, err = train(*started, "--save-every", "1")
    assert (code, out) == (ends, "")
    assert said in err
    assert f"the last checkpoint is {tmp_path / 'out' / 'last'}; --resume" in err
    assert (tmp_path / "out" / "last" / "model.safetensors").is_file()
    monkeypatch.undo()
    code, _, err = train(*started, "--save-every", "1", "--resume")
    assert code == 0, err


@pytest.mark.parametrize(
    ("error", "ends", "said"),
    [
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 141, ""),
        (IndexError("list index out of range"), 70, "an error of this program: IndexError: list"),
        (KeyError("x"), 70, "an error of this program: KeyError: 'x'"),
    ],
)
def test_what_is_no_stop_of_the_training(train, started, monkeypatch, error, ends, said):
    _break(monkeypatch, error, 1)
    code, out, err = train(*started)
    assert (code, out) == (ends, "")
    assert said in err
    assert "checkpoint" not in err


def test_a_full_disk_while_saving_keeps_the_checkpoint_before(
    train, started, tmp_path, monkeypatch
):
    from caopd_bench.train import checkpoints

    save, calls = checkpoints.write_model, []

    def fail(folder, *rest):
        calls.append(folder)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(folder, *rest)

    monkeypatch.setattr(checkpoints, "write_model", fail)
    code, _, err = train(*started[:-8], "--steps", "4", *FEW[2:], "--save-every", "1")
    assert code == 1
    assert "the disk is full" in err
    state = json.loads((tmp_path / "out" / "last" / "state" / "state.json").read_text())
    assert state["step"] == 1


def test_trackers_get_every_step(train, started, monkeypatch):
    seen = []
    fake = ModuleType("trackio")
    fake.init = lambda **options: seen.append(("init", options["project"], options["name"]))
    fake.log = lambda row, step: seen.append(("log", step, sorted(row)[:2]))
    fake.finish = lambda: seen.append(("finish",))
    fake.__spec__ = __import__("importlib.machinery").machinery.ModuleSpec("trackio", None)
    monkeypatch.setitem(sys.modules, "trackio", fake)
    code, _, err = train(*started, "--report-to", "trackio")
    assert code == 0, err
    assert seen[0] == ("init", "caopd-bench", "out")
    assert [entry[1] for entry in seen[1:3]] == [1, 2]
    assert seen[-1] == ("finish",)


def test_a_tracker_that_is_missing(train, started):
    code, _, err = train(*started, "--report-to", "wandb")
    assert code == 2
    assert "wandb is not installed" in err


@pytest.fixture
def reader(tokenizers_by_name, tmp_path):
    """A model, never trained, whose tokenizer can write any text."""
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = tokenizers_by_name["characters"]
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        eos_token_id=tokenizer.eos_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(tmp_path / "reader")
    tokenizer.save_pretrained(tmp_path / "reader")
    return tmp_path / "reader"


def test_own_train_files(train, reader, tmp_path):
    file = tmp_path / "train.jsonl"
    file.write_text('{"question": "1 + 1?", "answer": "It is 2.\\n#### 2"}\n')
    words = ["--method", "sft", "--model", reader, "--task", "caopd_gsm8k_conf"]
    words += ["--train-file", file, "--output", tmp_path / "o", "--threads", "1", *FEW]
    code, _, err = train(*words)
    assert code == 0, err
    file.write_text('{"question": "1 + 1?"}\n')
    words[words.index("--output") + 1] = tmp_path / "p"
    code, _, err = train(*words)
    assert code == 2
    assert "row 1: no 'answer'" in err
    # Nothing is left that would make the mended command fail.
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("learning_rate: 1e-5\n", None),
        ("demonstration_confidence: 1.00\nlevels: 3\n", None),
        (
            "target_from: agreement\nestimate: beta\n",
            "estimate: only applies to the verifier's verdicts",
        ),
        ("estimate: leave_one_out\nk: 1\n", "k: leave_one_out compares the rollouts"),
        ("method: grpo\nk: 1\n", "k: grpo compares the rollouts"),
        (
            "target_from: agreement\nestimate: level\n",
            "estimate: only applies to the verifier's verdicts",
        ),
        ("estimate: level\nshrink: 2\nconfidence_weight: 4\n", None),
        ("shrink: 0\n", "shrink: input should be greater than 0"),
        ("confidence_weight: 0\n", "confidence_weight: input should be greater than 0"),
        ("method: dcpo\nconfidence_weight: 2\n", "confidence_weight: must be 1 with dcpo"),
        ("seed: 99999999999999\n", "seed: input should be less than"),
        ("chat: true\n", "chat: the tokenizer has no chat template"),
    ],
)
def test_settings_that_yaml_reads_otherwise_and_that_contradict(
    train, micro_base, tmp_path, text, said
):
    start = {"method": "caopd", "model": micro_base, "task": "caopd_arith_conf", "steps": 1}
    start |= {"prompts_per_step": 2, "k": 2, "max_new_tokens": 12, "threads": 1}
    lines = [f"{k}: {v}\n" for k, v in start.items() if not any(
        line.startswith(f"{k}:") for line in text.splitlines())]  # fmt: skip
    (tmp_path / "c.yaml").write_text("".join(lines) + text)
    code, _, err = train("--config", tmp_path / "c.yaml", "--output", tmp_path / "o")
    assert code == (0 if said is None else 2), err
    assert (said or "") in err
    assert (tmp_path / "o").exists() is (said is None)


def test_a_run_of_an_earlier_release_is_gone_on_with(train, started, tmp_path):
    """Its settings lack what this release added, and its checkpoint the means of levels."""
    words = [*started[:-6], "--steps", "4", *started[-6:][2:], "--save-every", "1"]
    kept = []

    def stop(self):
        kept.append(self.step)
        if self.step == 2:
            raise KeyboardInterrupt
        return take(self)

    take = Trainer.take_step
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "take_step", stop)
        assert train(*words)[0] == 130
    for file, new in (
        (tmp_path / "out" / "settings.json", ("shrink", "confidence_weight")),
        (tmp_path / "out" / "last" / "state" / "state.json", ("level_rates",)),
    ):
        known = json.loads(file.read_text())
        for name in new:
            del known.get("values", known)[name]
        file.write_text(json.dumps(known))
    code, _, err = train(*words, "--resume", "--shrink", "2")
    assert code == 2
    assert "shrink: 2.0, but" in err
    assert "started with 4.0" in err
    code, _, err = train(*words, "--resume")
    assert code == 0, err
    assert "step 4/4" in err


def test_a_disk_that_is_really_full(train, started, monkeypatch):
    """safetensors has an error of its own for it."""
    import safetensors.torch
    import transformers.modeling_utils  # noqa: F401 (else it would keep what is patched here)
    from safetensors import SafetensorError

    def fail(*_):
        raise SafetensorError("Error while serializing: I/O error: No space left (os error 28)")

    monkeypatch.setattr(safetensors.torch, "save_file", fail)
    code, _, err = train(*started, "--save-every", "1")
    assert code == 1
    assert "the disk is full" in err
    assert "no checkpoint yet" in err


def test_pretraining_is_reproducible(train, tmp_path):
    for name in ("a", "b"):
        code, _, err = train(
            *("--method", "pretrain", "--size", "10k", "--steps", "3", "--seed", "5"),
            *("--output", tmp_path / name),
        )
        assert code == 0, err
    for name in ("model.safetensors", "provenance.json", "tokenizer.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    made = json.loads((tmp_path / "a" / "provenance.json").read_text())
    assert (made["size"], made["corpus"], made["parameters"]) == ("10k", "sure", 10128)


def test_the_test_split_is_the_frozen_one():
    from caopd_bench.tasks import problems
    from caopd_bench.train.questions.questions import load_questions

    frozen = [item["question"] for item in problems.load(levels="1-2")]
    loaded = load_questions("caopd_math_conf", split="test", levels="1-2", seed=3)
    assert [doc["question"] for doc in loaded] == frozen
    trained = {doc["question"] for doc in load_questions("caopd_math_conf", levels="1-2")}
    assert not trained & set(frozen)
