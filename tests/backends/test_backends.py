"""The same problems through Hugging Face, vLLM and an OpenAI-compatible server (tox -e vllm).

Greedy text differs between backends in the last bits of bf16, so numbers are compared within
sampling error. Slow: vLLM's engine starts twice, on the CPU.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("vllm", reason="vllm is not installed here; tox -e vllm")

from caopd_bench import read_run, score
from caopd_bench.core.errors import UsageError

SCRIPTS = Path(sys.executable).parent
COMMON = ["--num_fewshot", "4", "--apply_chat_template", "--log_samples"]
EASY = ["--metadata", '{"levels": "1-2"}', "--limit", "50", "--gen_kwargs", "max_gen_toks=128"]

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
ENVIRONMENT = {**os.environ, "HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "2"}


def run(command, folder):
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("smollm2") / "model"
    run([SCRIPTS / "caopd-bench", "fetch-model", "smollm2-135m", "--output", folder], "/")
    return folder


@pytest.fixture(scope="module")
def server(model, tmp_path_factory):
    """A vLLM server on loopback: its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [SCRIPTS / "vllm", "serve", model, "--served-model-name", "smollm2"]
    command += ["--dtype", "bfloat16", "--enforce-eager", "--max-model-len", "2048"]
    command += ["--host", "127.0.0.1", "--port", port]
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [str(word) for word in command], env=ENVIRONMENT, stdout=stream, stderr=stream
        )
    base = f"http://127.0.0.1:{port}/v1"
    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{base}/models", timeout=5).close()
                break
            assert process.poll() is None, log.read_text()[-3000:]
            time.sleep(1)
        yield f"{base}/chat/completions"
    finally:
        process.terminate()
        process.wait(60)


def evaluate(folder, backend, arguments, *options, task="caopd_math_conf"):
    command = [SCRIPTS / "lm_eval", "--model", backend, "--model_args", arguments]
    run([*command, "--tasks", task, *COMMON, "--output_path", "out", *options], folder)
    return folder / "out"


def numbers(path):
    return {r.metric: r for r in score(read_run(path)) if r.group is None}


def test_three_backends_agree(model, server, tmp_path):
    found = {}
    plain = f"pretrained={model},dtype=bfloat16"
    api = f"model=smollm2,base_url={server},num_concurrent=8"
    for name, backend, arguments, options in [
        ("hf", "hf", plain, ["--batch_size", "25"]),
        (
            "vllm",
            "vllm",
            f"{plain},enforce_eager=True,max_model_len=2048",
            ["--batch_size", "auto"],
        ),
        ("api", "local-chat-completions", api, ["--use_cache", "cache"]),
    ]:
        folder = tmp_path / name
        folder.mkdir()
        found[name] = numbers(evaluate(folder, backend, arguments, *EASY, *options))
    for metric in ("parse_rate", "accuracy"):
        for name in ("vllm", "api"):
            record = found[name][metric]
            assert record.low <= found["hf"][metric].estimate <= record.high, (name, metric)
            # The same problems and greedy answers: far closer than two samples would be.
            assert abs(record.estimate - found["hf"][metric].estimate) <= 0.1


def test_samples_of_a_server_differ(server, tmp_path):
    api = f"model=smollm2,base_url={server},num_concurrent=8"
    few = ["--metadata", '{"levels": "1-2", "k": 4}', "--limit", "10"]
    few += ["--gen_kwargs", "max_gen_toks=64"]
    path = evaluate(tmp_path, "local-chat-completions", api, *few, task="caopd_math_sc8")
    assert len(read_run(path).rows) == 50
    file = next(path.rglob("samples_*.jsonl"))
    sample = json.loads(file.read_text().splitlines()[0])
    seeds = [request["arg_1"]["seed"] for request in sample["arguments"].values()]
    assert seeds == [1234, 1235, 1236, 1237]


def test_a_server_that_repeats_itself_is_refused(server, tmp_path):
    """A real server at temperature 0 gives copies, whatever the seed."""
    api = f"model=smollm2,base_url={server},num_concurrent=8"
    few = ["--metadata", '{"levels": "1-2", "k": 4}', "--limit", "10"]
    few += ["--gen_kwargs", "max_gen_toks=64,temperature=0"]
    path = evaluate(tmp_path, "local-chat-completions", api, *few, task="caopd_math_sc8")
    with pytest.raises(UsageError, match="copies of one text"):
        read_run(path)
