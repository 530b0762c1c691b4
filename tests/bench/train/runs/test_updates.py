"""A step without anything to learn from: it is said, it updates nothing, three stop the run."""

import csv
import json
import math

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from caopd_bench.cli import main  # noqa: E402
from caopd_bench.core.errors import UsageError  # noqa: E402
from caopd_bench.train.checkpoints import find_last, load_state  # noqa: E402
from caopd_bench.train.engines import local  # noqa: E402
from caopd_bench.train.errors import TrainingError  # noqa: E402
from caopd_bench.train.methods import METHODS  # noqa: E402
from caopd_bench.train.questions.fit import check_fit, unwritten_share  # noqa: E402
from caopd_bench.train.questions.questions import load_questions  # noqa: E402
from caopd_bench.train.rollouts.judge import Group, Rollout  # noqa: E402
from caopd_bench.train.rollouts.targets import Method, Target, check_targets  # noqa: E402
from caopd_bench.train.settings import make_settings  # noqa: E402
from caopd_bench.train.watch.updates import Watch, find_idle  # noqa: E402

# TRL 1.16 calls what transformers 5.23 renamed.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*is deprecated and will be removed in v6:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning"),
]
TASK = "caopd_arith_conf"
SAMPLING = [name for name, method in METHODS.items() if method.samples]
OK = Rollout([5, 1], "", "ok", "7", 0.5, 1)
WRONG = OK._replace(correct=0)
CUT = OK._replace(status="unfinished", confidence=None, correct=0)
SILENT = CUT._replace(status="no_answer")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def docs():
    return load_questions(TASK, limit=200)


def make_trainer(base, docs, **settings):
    chosen = {"method": "caopd", "task": TASK, "steps": 6, "prompts_per_step": 4, "k": 2}
    chosen |= {"learning_rate": 2e-3, "max_new_tokens": 12, "model": str(base), **settings}
    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    return local.Trainer(make_settings(chosen), model, tokenizer, docs)


@pytest.fixture
def silence(monkeypatch):
    """Let the students of some steps (from 1 on) give no answer that can be read."""
    draw = local.draw_rollouts

    def silence(*steps):
        def silent(model, codec, docs, settings, step, means):
            groups = draw(model, codec, docs, settings, step, means)
            if step + 1 not in steps:
                return groups
            nothing = [math.nan] * settings.k
            return [
                Group(g.doc, [r._replace(status="no_answer", correct=0) for r in g.rollouts],
                      nothing)
                for g in groups
            ]  # fmt: skip

        monkeypatch.setattr(local, "draw_rollouts", silent)

    return silence


def read(folder):
    with (folder / "training.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# What a step has to learn from.


def idle(loss, groups, targets, samples=True):
    method = Method("mine", loss, samples, lambda *_: [], "here")
    settings = make_settings({"method": "opd", "model": "m", "max_new_tokens": 12})
    return find_idle(method, groups, targets, settings)


@pytest.mark.parametrize("loss", ["likelihood", "divergence", "policy"])
def test_all_rollouts_excluded(loss):
    groups = [Group({}, [SILENT, CUT], [math.nan] * 2), Group({}, [SILENT] * 2, [math.nan] * 2)]
    targets = [Target([1], [2], [3], [1.0])] * 4
    found = idle(loss, groups, targets)
    assert found.why == "all 4 rollouts were excluded (no_answer 3, unfinished 1)"
    assert found.is_empty
    assert "--task" in found.advice
    assert idle(loss, [*groups, Group({}, [OK, CUT], [1.0, math.nan])], targets) is None


def test_answers_that_do_not_end_have_an_advice_of_their_own():
    found = idle("policy", [Group({}, [CUT, CUT, SILENT], [math.nan] * 3)], [])
    assert "raise max_new_tokens (now 12)" in found.advice


def test_no_target_at_all():
    groups = [Group({}, [OK, OK], [1.0, 1.0])]
    for targets in ([], [Target([1], [])]):
        found = idle("likelihood", groups, targets)
        assert found.why == "mine made no target of 2 rollouts"
        assert found.is_empty
    found = idle("likelihood", [Group({}, [], [])], [], samples=False)
    assert found.why == "mine made no target of 1 questions"


def test_answers_that_earn_alike():
    groups = [Group({}, [OK, OK], [1.0, 1.0]), Group({}, [WRONG, WRONG], [0.0, 0.0])]
    found = idle("policy", groups, [Target([1], [2], weights=[0.0])] * 4)
    assert "earned the same" in found.why
    assert not found.is_empty
    some = [Target([1], [2], weights=[0.0]), Target([1], [2], weights=[0.1])]
    assert idle("policy", groups, some) is None


def test_a_teacher_that_sees_no_more():
    groups = [Group({}, [WRONG, WRONG], [0.0, 0.0])]
    found = idle("divergence", groups, [Target([1], [2], [1]), Target([1], [2])])
    assert found.why == "no rollout was right, so the teacher saw the same as the student"
    assert not found.is_empty
    without = [Group({}, [OK, CUT], [math.nan] * 2)]  # leave_one_out with one usable rollout
    found = idle("divergence", without, [Target([1], [2], [1])])
    assert "no rollout has a success rate" in found.why
    assert found.is_empty
    assert idle("divergence", groups, [Target([1], [2], [1, 9])]) is None


def test_when_a_run_stops():
    def stops(*steps, updates=0):
        watch = Watch()
        watch.updates = updates
        for number, step in enumerate(steps, 1):
            watch.count(step)
            try:
                watch.check(number)
            except TrainingError as error:
                return number, error.unchanged
        return None

    empty = idle("likelihood", [Group({}, [SILENT], [math.nan])], [])
    alike = idle("policy", [Group({}, [OK, OK], [1.0] * 2)], [Target([1], [2], weights=[0.0])])
    assert stops(empty, empty, empty) == (3, True)
    assert stops(None, empty, empty, empty) == (4, False)
    assert stops(empty, empty, None, empty, empty) is None
    # All right for ever: it may be that nothing is left to learn, if it ever learned.
    assert stops(alike, alike, alike) == (3, True)
    assert stops(empty, alike, empty) == (3, True)
    assert stops(None, *[alike] * 9) is None
    assert stops(alike, alike, alike, updates=5) is None


# The local engine.


@pytest.mark.parametrize("method", SAMPLING)
def test_an_excluded_step_changes_no_weight(method, micro_base, docs, silence):
    """Also not by the momentum of the steps before."""
    silence(2)
    trainer = make_trainer(micro_base, docs, method=method)
    trainer.take_step()
    before = [weight.clone() for weight in trainer.student.parameters()]
    row = trainer.take_step()
    assert math.isnan(row["loss"])
    assert math.isnan(row["grad_norm"])
    assert row["note"] == "no update: all 8 rollouts were excluded (no_answer 8)"
    assert all(map(torch.equal, before, trainer.student.parameters()))
    row = trainer.take_step()
    assert math.isfinite(row["loss"])
    assert not all(map(torch.equal, before, trainer.student.parameters()))


def test_three_in_a_row_stop_the_run(micro_base, docs, tmp_path, silence):
    silence(1, 3, 4, 5)
    trainer = make_trainer(micro_base, docs, save_every=2)
    with pytest.raises(TrainingError) as caught:
        trainer.run(tmp_path, {})
    assert str(caught.value).startswith(
        "step 5: the last 3 steps updated nothing; in this one all 8 rollouts were excluded "
        "(no_answer 8): the model does not answer in the format of caopd_arith_conf; choose the "
    )
    assert not caught.value.unchanged
    rows = read(tmp_path)
    assert [row["loss"] == "" for row in rows] == [True, False, True, True, True]
    assert [row["note"].startswith("no update: ") for row in rows] == [
        row["loss"] == "" for row in rows
    ]
    assert load_state(find_last(tmp_path)).step == 4  # what was written stays
    assert not (tmp_path / "model.safetensors").exists()


def test_the_count_survives_a_resume(micro_base, docs, tmp_path, silence):
    """Stopped after two of them, resumed: the third one stops it."""
    silence(3, 4, 5)
    first = make_trainer(micro_base, docs, save_every=4)
    steps = first.take_step

    def interrupt():
        if first.step == 4:
            raise KeyboardInterrupt
        return steps()

    first.take_step = interrupt
    with pytest.raises(KeyboardInterrupt):
        first.run(tmp_path, {})
    last = find_last(tmp_path)
    assert load_state(last).values["empty"] == 2
    resumed = make_trainer(last, docs, save_every=4)
    with pytest.raises(TrainingError, match="step 5: the last 3 steps updated nothing"):
        resumed.run(tmp_path, {}, resume=True)
    assert resumed.step == 5


def test_a_checkpoint_of_an_earlier_release_was_trained():
    watch = Watch()
    watch.restore({"mean_rate": "nan"}, 20)
    assert (watch.updates, watch.idle, watch.empty) == (20, 0, 0)


@pytest.mark.parametrize("steps", [1, 2])
def test_a_model_that_was_never_updated_is_no_result(micro_base, docs, tmp_path, silence, steps):
    silence(1, 2)
    trainer = make_trainer(micro_base, docs, steps=steps, save_every=1)
    with pytest.raises(TrainingError, match=f"none of the {steps} steps updated") as caught:
        trainer.run(tmp_path, {})
    assert caught.value.unchanged
    assert [path.name for path in tmp_path.iterdir()] == ["training.csv"]


def test_provenance_counts_the_steps_without_an_update(micro_base, docs, tmp_path, silence):
    silence(2, 4)
    make_trainer(micro_base, docs).run(tmp_path, {})
    made = json.loads((tmp_path / "provenance.json").read_text())
    assert made == {"steps_done": 6, "steps_without_update": 2}


def test_a_share_that_is_excluded_is_told(micro_base, docs):
    from caopd_bench.train.watch.history import describe_step

    trainer = make_trainer(micro_base, docs, max_new_tokens=6, steps=1)  # too few for most
    trainer.codec.end_ids = frozenset()
    row = dict(trainer.take_step())
    assert row["note"].startswith("no update: all 8 rollouts were excluded (unfinished 8")
    row |= {"loss": 0.5, "excluded": 2}
    assert "  excluded 25.0%  " in describe_step(row, 3, 1.0)
    row["excluded"] = 0
    assert "excluded" not in describe_step(row, 3, 1.0)


# As it is typed.


@pytest.fixture
def train(capsys):
    def run(*words):
        code = main(["train", *map(str, words)])
        done = capsys.readouterr()
        return code, done.out, done.err

    return run


FEW = ("--prompts-per-step", "4", "--k", "2", "--max-new-tokens", "12", "--threads", "1")


@pytest.mark.parametrize("engine", ["local", "trl"])
def test_a_run_that_learns_nothing(train, micro_base, tmp_path, engine):
    """Its budget is too small for any answer."""
    words = ["--method", "caopd", "--model", micro_base, "--output", tmp_path / "o", *FEW]
    words += ["--task", TASK, "--max-new-tokens", "3", "--engine", engine, "--save-every", "1"]
    if engine == "trl":
        pytest.importorskip("trl")
        words += ["--trl", "use_cpu=true"]
    code, out, err = train(*words)
    assert (code, out) == (1, "")
    assert err.count("no update: all 8 rollouts were excluded (unfinished 8)") == 3
    assert err.splitlines()[-1] == (
        "caopd-bench train: step 3: the last 3 steps updated nothing; in this one all 8 rollouts "
        "were excluded (unfinished 8): the answers do not end; raise max_new_tokens (now 3); the "
        f"model is unchanged and was not written; {tmp_path / 'o' / 'training.csv'} lists the steps"
    )
    assert "0.0000" not in err
    rows = read(tmp_path / "o")
    assert [(row["step"], row["loss"]) for row in rows] == [("1", ""), ("2", ""), ("3", "")]
    assert not list((tmp_path / "o").glob("**/*.safetensors"))
    code, _, err = train(*words, "--resume")
    assert code == 1
    assert "step 3: the last 3 steps updated nothing" in err


def test_a_run_that_excludes_most_says_so_at_its_end(train, micro_base, tmp_path, silence):
    silence(2, 3)
    words = ["--method", "opd", "--model", micro_base, "--task", TASK, *FEW]
    code, _, err = train(*words, "--output", tmp_path / "few", "--steps", "5")
    assert code == 0
    assert "warning" not in err
    code, _, err = train(*words, "--output", tmp_path / "most", "--steps", "3")
    assert code == 0
    assert "warning: 67% of the rollouts were excluded; training.csv gives the reasons\n" in err


@pytest.mark.parametrize(
    ("engine", "method", "base"),
    [
        ("local", "caopd", "sure-10k-s0"),
        ("local", "sft", "sure-67k-s0"),
        ("trl", "caopd", "sure-67k-s0"),
        ("trl", "sft", "sure-10k-s0"),
    ],
)
def test_a_task_that_the_model_cannot_read(train, micro_base, tmp_path, engine, method, base):
    """Without --task: the default one's questions are a row of <unk> to a micro model.

    The smallest one excluded every rollout; the other one answers a quarter of them in the format.
    """
    model = micro_base.with_name(base)
    words = ["--method", method, "--model", model, "--output", tmp_path / "o", *FEW]
    if engine == "trl":
        pytest.importorskip("trl")
        words += ["--engine", "trl", "--trl", "use_cpu=true"]
    code, out, err = train(*words)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == (
        f"caopd-bench train: task: caopd_math_conf does not fit {model}: its tokenizer cannot "
        "write 84% of the characters of questions and answers; choose caopd_arith_conf (--task), "
        "which fits"
    )
    assert not (tmp_path / "o").exists()


def test_a_cell_of_a_sweep_fails_with_the_reason(micro_base, tmp_path, monkeypatch):
    from caopd_bench.sweep.grid.file import read_sweep
    from caopd_bench.sweep.grid.folder import Folder
    from caopd_bench.sweep.run.local import work_on

    file = tmp_path / "sweep.yaml"
    file.write_text(
        f"settings: {{task: {TASK}, steps: 5, prompts_per_step: 4, k: 2, max_new_tokens: 3}}\n"
        "evaluate: {tasks: [caopd_arith_conf]}\n"
        f"cells: [{{model: {micro_base}, method: caopd, seed: 0}}]\n"
    )
    sweep = read_sweep(file, tmp_path / "out")
    monkeypatch.setattr("caopd_bench.sweep.run.local._make_evaluators", lambda _: None)
    names = [cell.name for cell in sweep.cells]
    assert work_on(sweep, names) == names
    record = Folder(sweep.output).failure(sweep.cells[0])
    assert record["kind"] == "TrainingError"
    assert record["error"].startswith("step 3: the last 3 steps updated nothing; in this one all 8")


# Whether a task fits a model.


def test_what_a_tokenizer_cannot_write(tokenizers_by_name, math_doc, micro_base):
    from caopd_bench.train.text.codec import Codec

    for name in ("characters", "byte-pairs"):
        assert unwritten_share(Codec(tokenizers_by_name[name]), [math_doc]) < 0.01, name
    micro = transformers.AutoTokenizer.from_pretrained(micro_base)
    assert unwritten_share(Codec(micro), [math_doc]) > 0.8
    assert unwritten_share(Codec(micro), load_questions(TASK, limit=50)) == 0


def test_an_unknown_token_that_ends_texts_is_none(tokenizers_by_name, math_doc):
    """GPT-2 calls the end of a text its unknown token; it can write everything."""
    from copy import deepcopy

    from caopd_bench.train.text.codec import Codec

    tokenizer = deepcopy(tokenizers_by_name["byte-pairs"])
    tokenizer.unk_token = tokenizer.eos_token
    assert unwritten_share(Codec(tokenizer), [math_doc]) < 0.01


def test_prompts_that_are_longer_than_the_model(micro_base, docs):
    trainer = make_trainer(micro_base, docs)
    model, codec = trainer.student, trainer.codec
    check_fit(model, codec, docs, TASK, "m")
    model.config.max_position_embeddings = 5
    with pytest.raises(UsageError) as caught:
        check_fit(model, codec, docs, TASK, "m")
    said = str(caught.value)
    assert said.startswith("task: caopd_arith_conf does not fit m: half of its prompts have ")
    assert said.endswith("but the model has 5 positions; choose another task, or another model")


def test_a_local_run_refuses_targets_that_no_loss_follows(micro_base, docs):
    trainer = make_trainer(micro_base, docs, method="sft")
    for target, said in (
        (Target([5], [6, 7], weights=[1.0]), "weights: 1 of a completion of 2 tokens"),
        (Target([5], [6], teacher_prompt=[5]), "teacher_prompt: the loss 'likelihood' has no"),
        (Target([5], [6, 7], weights=[1.0, math.nan]), "weights: that of token 2 of 2 is nan, wh"),
        (Target([5], [6], weights=[math.inf]), "weights: that of token 1 of 1 is inf, which is no"),
        (Target([5], [6], weights=[-0.5]), "weights: that of token 1 of 1 is -0.5; the loss 'lik"),
    ):
        trainer.method = METHODS["sft"]._replace(make_targets=lambda *_, t=target: [t])
        with pytest.raises(UsageError, match=f"method sft: {said}"):
            trainer.take_step()
    trainer.method = METHODS["grpo"]._replace(make_targets=lambda *_: [Target([5], [6])])
    with pytest.raises(UsageError, match="method grpo: weights: a policy gradient needs"):
        trainer.take_step()
    check_targets(METHODS["grpo"], [Target([5], [6], weights=[-0.5])])  # an advantage
    unknown = Target([5], [6], weights=[math.nan])
    with pytest.raises(UsageError, match="method grpo: weights: that of token 1 of 1 is nan"):
        check_targets(METHODS["grpo"], [unknown])


@pytest.mark.parametrize("loss", ["divergence", "likelihood"])
def test_weights_are_followed_by_every_loss(micro_base, docs, loss):
    """A weight of 0 takes a token out, one of 2 doubles it."""
    trainer = make_trainer(micro_base, docs)
    prompt = trainer.codec.encode_prompt(docs[0])
    seen = [*prompt, *prompt] if loss == "divergence" else None
    ids = trainer.codec.encode("\nAnswer: 055\nConfidence: 0.62")

    def loss_of(weights):
        target = Target(prompt, ids, seen, weights)
        return float(
            local.batch_loss(trainer.student, trainer.teacher, [target], loss, trainer.settings, 0)[
                0
            ].detach()
        )

    single = [loss_of([float(i == place) for i in range(len(ids))]) for place in range(len(ids))]
    assert loss_of(None) == pytest.approx(sum(single), rel=1e-5)
    assert loss_of([2.0] * len(ids)) == pytest.approx(2 * loss_of(None), rel=1e-5)
    assert max(single) > 1.5 * min(single)
