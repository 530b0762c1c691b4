"""The commands of the documentation, taken from its pages: lm-eval makes the models that they name.

A tiny checkpoint stands for the model. vLLM is not installed here: of its commands the arguments
are checked by the rules that lm-eval 0.4.13 has for both backends.
"""

import re
import shlex
from pathlib import Path

import pytest

pytest.importorskip("lm_eval", reason="lm-eval is not installed (extra `eval`)")
pytest.importorskip("torch", reason="torch is not installed (extra `hf`)")
pytest.importorskip("tenacity", reason="lm-eval's API models are not installed (extra `api`)")

import lm_eval
from lm_eval.api.registry import get_model
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager
from lm_eval.utils import simple_parse_args_string

from caopd_bench import read_run
from caopd_bench.tasks import task_folder

ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documentation is not here"),
]
BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```", re.M | re.S)
SPAN = re.compile(r"`([^`\n]+)`")
#: What stands for a model of the reader's.
MODEL = re.compile(r"pretrained=[^,\"'\s]+")


def find_recipes():
    """Yield every command, or part of one, that gives arguments of a model: (page, words)."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for page in (page for page in pages if "decisions" not in page.parts):  # what was not done
        text = page.read_text(encoding="utf-8")
        blocks = [
            line
            for block in BLOCK.findall(text)
            for line in block.replace("\\\n", " ").splitlines()
        ]
        for command in [*blocks, *SPAN.findall(BLOCK.sub("", text))]:
            if "--model_args " in command and "caopd-bench" not in command.split("--model_args")[0]:
                words = shlex.shlex(command, posix=True, punctuation_chars="<>|&;")
                words.whitespace_split = True
                yield page.relative_to(ROOT), list(words)


RECIPES = list(find_recipes()) if (ROOT / "docs").is_dir() else []


def argument(words, name):
    return words[words.index(name) + 1] if name in words else None


def test_recipes_are_found():
    models = {argument(words, "--model") for _, words in RECIPES}
    assert {"hf", "vllm", "local-chat-completions", "openai-chat-completions", None} <= models
    thinking = [w for _, w in RECIPES if "enable_thinking" in argument(w, "--model_args")]
    assert len(thinking) >= 2


@pytest.mark.parametrize(
    ("page", "words"), RECIPES, ids=[f"{p}-{i}" for i, (p, _) in enumerate(RECIPES)]
)
def test_lm_eval_makes_the_model(page, words, tiny_llama, monkeypatch):
    # A shell would take a bare < for the name of a file.
    assert not set(words) & {"<", ">", "<<"}, f"{page}: quote the arguments: {words}"
    given = MODEL.sub(f"pretrained={tiny_llama}", argument(words, "--model_args"))
    arguments = simple_parse_args_string(given)
    backend = argument(words, "--model") or "hf"
    if arguments.get("enable_thinking"):
        assert arguments.get("think_end_token"), f"{page}: lm-eval refuses this: {words}"
    if backend == "vllm":
        assert "enable_thinking" not in (arguments.get("chat_template_args") or {})
        return
    if backend.startswith(("openai", "local")):
        monkeypatch.setenv("OPENAI_API_KEY", "none")
    get_model(backend).create_from_arg_string(given, {"device": "cpu", "batch_size": 1})


def test_thinking_is_switched_on_and_cut_away(tiny_llama, tmp_path):
    """The first recipe for models that think, evaluated."""
    words = next(w for _, w in RECIPES if "enable_thinking=True" in argument(w, "--model_args"))
    given = MODEL.sub(f"pretrained={tiny_llama}", argument(words, "--model_args"))
    tracker = EvaluationTracker(output_path=str(tmp_path))
    results = lm_eval.simple_evaluate(
        model="hf",
        model_args=given,
        gen_kwargs="max_gen_toks=16",
        tasks=["caopd_math_conf"],
        limit=2,
        device="cpu",
        batch_size=2,
        task_manager=TaskManager(include_path=task_folder(), include_defaults=False),
        evaluation_tracker=tracker,
        apply_chat_template=True,
        log_samples=True,
        bootstrap_iters=0,
    )
    samples = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=samples)
    for name, rows in samples.items():
        tracker.save_results_samples(task_name=name, samples=rows)
    setting = read_run(tmp_path).settings("caopd_math_conf")["thinking"]
    assert (setting["asked"], setting["end_token"]) == (True, "</think>")
