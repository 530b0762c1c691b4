"""Plain `lm_eval --tasks caopd_math_conf`, typed in fresh environments with several lm-evals.

Slow: each environment is made from PyPI. A random tiny Llama answers.
"""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def run(command, folder, **environment):
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**os.environ, "HF_HUB_OFFLINE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def install(python, *requirements):
    done = run([python, "-m", "pip", "install", "--quiet", *requirements], "/")
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """Our wheel, built from a copy: a build leaves folders behind."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    ignored = shutil.ignore_patterns(".*", "build", "demo", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, source, ignore=ignored)
    done = run([sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", folder, source], folder)
    assert done.returncode == 0, done.stderr[-2000:]
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session", params=["0.4.11", "0.4.13", "editable"])
def scripts(request, wheel, tmp_path_factory):
    """The bin folder of an environment with our wheel and one lm-eval."""
    folder = tmp_path_factory.mktemp(f"lm-eval-{request.param}")
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / "bin" / "python"
    if request.param == "editable":
        wanted = ["download", "--no-deps", "--no-binary", "lm_eval", "lm_eval==0.4.13"]
        done = run([python, "-m", "pip", "--quiet", *wanted], folder)
        assert done.returncode == 0, done.stderr[-2000:]
        shutil.unpack_archive(next(folder.glob("lm_eval-*.tar.gz")), folder)
        install(python, "-e", next(path for path in folder.glob("lm_eval-*") if path.is_dir()))
    else:
        install(python, f"lm_eval=={request.param}")
    install(python, "torch==2.13.0", f"{wheel}[hf]")
    return python.parent


@pytest.fixture
def command(scripts, tiny_llama):
    """What a user types, on 10 problems."""
    model = ["--model", "hf", "--model_args", f"pretrained={tiny_llama}"]
    task = ["--tasks", "caopd_math_conf", "--limit", "10", "--batch_size", "10"]
    return [scripts / "lm_eval", *model, *task, "--gen_kwargs", "max_gen_toks=16"]


def test_plain_lm_eval_evaluates(scripts, command, tmp_path):
    output = ["--output_path", "out", "--log_samples"]
    done = run([*command, *output], tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "overconfidence_gap" in done.stdout
    done = run([scripts / "caopd-bench", "score", "out"], tmp_path)
    assert done.returncode == 0, done.stderr
    # Noise holds no answer.
    assert "parse rate" in done.stdout
    assert "low parse rate" in done.stdout
    done = run([scripts / "caopd-bench", "tasks"], tmp_path)
    assert "works here: yes" in done.stdout


def test_the_off_switch_hides_the_tasks(scripts, command, tmp_path):
    done = run(command, tmp_path, CAOPD_BENCH_NO_HOOK="1")
    assert done.returncode != 0
    assert "caopd_math_conf" in done.stderr + done.stdout
    done = run([scripts / "caopd-bench", "tasks"], tmp_path, CAOPD_BENCH_NO_HOOK="1")
    assert "works here: no: switched off by CAOPD_BENCH_NO_HOOK" in done.stdout


def test_include_path_works_without_the_hook(scripts, command, tmp_path):
    folder = run([scripts / "caopd-bench", "tasks", "--path"], tmp_path).stdout.strip()
    done = run([*command, "--include_path", folder], tmp_path, CAOPD_BENCH_NO_HOOK="1")
    assert done.returncode == 0, done.stderr[-2000:]


def test_include_path_beside_the_hook_warns_of_nothing(command, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "own.yaml").write_text("task: own_task\ndataset_path: nowhere\n")
    done = run([*command, "--include_path", "mine"], tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "duplicate" not in done.stderr.lower()


def test_our_wheel_without_lm_eval_breaks_nothing(wheel, tmp_path):
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    install(python, wheel)
    done = run([python, "-W", "error", "-c", "import caopd_bench.metrics; print('fine')"], tmp_path)
    assert (done.stdout, done.stderr) == ("fine\n", "")
    done = run([python.parent / "caopd-bench", "tasks"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no: lm-eval is not installed here" in done.stdout
    install(python, "--force-reinstall", "--no-deps", wheel)
    done = run([python, "-m", "pip", "uninstall", "--yes", "caopd-bench"], tmp_path)
    assert not list((tmp_path / "env").rglob("*caopd*"))


def test_the_next_lm_eval_still_refuses_our_metrics(wheel, tiny_llama, tmp_path):
    """Fails as soon as lm-eval 0.5 evaluates our tasks: then lift `<0.5` in setup.cfg and docs."""
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    install(python, "torch==2.13.0", "math-verify", "lm_eval[api,hf]>=0.5.0.dev1,<0.6", wheel)
    model = ["--model", "hf", "--model_args", f"pretrained={tiny_llama}"]
    task = ["--tasks", "caopd_math_conf", "--limit", "10", "--batch_size", "10"]
    done = run([python.parent / "lm_eval", *model, *task], tmp_path)
    assert done.returncode != 0, "lm-eval 0.5 reads our tasks: it is time to allow it"
    # Another reason is a break of another kind, which nobody has looked at.
    assert "does not match expected output_type" in done.stderr, done.stderr[-2000:]
    pytest.xfail("lm-eval 0.5 checks the output type of a metric that process_results replaces")
