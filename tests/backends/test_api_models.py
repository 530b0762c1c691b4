"""API models behind a small server on loopback: what is sent, what may be forbidden, what fails."""

import http.server
import json
import threading

import pytest

pytest.importorskip("lm_eval", reason="lm-eval is not installed (extra `eval`)")
pytest.importorskip("tenacity", reason="lm-eval's API models are not installed (extra `api`)")
pytest.importorskip("aiohttp", reason="lm-eval's API models are not installed (extra `api`)")
pytest.importorskip("torch", reason="torch is not installed (extra `hf`)")

import lm_eval
from lm_eval.loggers import EvaluationTracker
from lm_eval.models.openai_completions import OpenAIChatCompletion
from lm_eval.tasks import TaskManager

from caopd_bench import read_run
from caopd_bench.core.errors import UsageError
from caopd_bench.tasks import task_folder

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def server():
    """A chat server: `answer(request)` gives its text, None a failure; what was asked is kept."""
    state = {"answer": lambda _: "Answer: 12\nConfidence: 0.7", "asked": []}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state["asked"].append(request)
            text = state["answer"](request)
            status = 200 if not isinstance(text, int) else text
            message = {"role": "assistant", "content": text if status == 200 else None}
            body = json.dumps({"choices": [{"index": 0, "message": message}]}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    state["url"] = f"http://127.0.0.1:{listening.server_port}/v1/chat/completions"
    yield state
    listening.shutdown()
    thread.join()
    listening.server_close()


def evaluate(
    server,
    output,
    task,
    *,
    model="local-chat-completions",
    name="m",
    named_by="model",
    k=3,
    limit=8,
    **extra,
):
    arguments = {named_by: name, "base_url": server["url"], "max_retries": 1, **extra}
    arguments = {key: value for key, value in arguments.items() if value is not None}
    metadata = {"levels": "1-2", "k": k, **arguments}
    manager = TaskManager(include_path=task_folder(), include_defaults=False, metadata=metadata)
    tracker = EvaluationTracker(output_path=str(output))
    results = lm_eval.simple_evaluate(
        model=model,
        model_args=arguments,
        tasks=[task],
        limit=limit,
        task_manager=manager,
        evaluation_tracker=tracker,
        apply_chat_template=True,
        log_samples=True,
        bootstrap_iters=0,
    )
    samples = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=samples)
    for name_, rows in samples.items():
        tracker.save_results_samples(task_name=name_, samples=rows)
    return results["results"][task]


def test_every_sample_is_asked_with_a_seed_of_its_own(server, tmp_path):
    server["answer"] = lambda request: f"Answer: {request['seed']}\nConfidence: 0.7"
    evaluate(server, tmp_path, "caopd_math_sc8", num_concurrent=4)
    assert {request["seed"] for request in server["asked"]} == {1234, 1235, 1236}
    assert {request["temperature"] for request in server["asked"]} == {1.0}
    assert len(server["asked"]) == 24
    rows = read_run(tmp_path).rows
    # Each sample stands beside the question and seed that it answers.
    assert [row.answer for row in rows[:6]] == ["1234", "1235", "1236"] * 2


def test_a_model_behind_an_address_may_be_named_by_pretrained(server, tmp_path):
    """lm-eval's other word for `model`, which a local model has too."""
    server["answer"] = lambda request: f"Answer: {request['seed']}\nConfidence: 0.7"
    evaluate(server, tmp_path, "caopd_math_sc8", named_by="pretrained", limit=2)
    assert sorted(r["seed"] for r in server["asked"]) == [1234, 1234, 1235, 1235, 1236, 1236]


@pytest.mark.parametrize("named_by", ["model", "pretrained"])
def test_a_model_with_an_address_of_its_own(server, tmp_path, monkeypatch, named_by):
    """OpenAI's: the address is none of the arguments."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    server["answer"] = lambda request: f"Answer: {request['seed']}\nConfidence: 0.7"
    initialise = OpenAIChatCompletion.__init__
    monkeypatch.setattr(
        OpenAIChatCompletion,
        "__init__",
        lambda self, **words: initialise(self, **words, base_url=server["url"]),
    )
    chosen = {"model": "openai-chat-completions", "named_by": named_by, "base_url": None}
    evaluate(server, tmp_path, "caopd_math_sc8", limit=2, **chosen)
    assert sorted(r["seed"] for r in server["asked"]) == [1234, 1234, 1235, 1235, 1236, 1236]


def test_a_server_with_one_text_is_refused(server, tmp_path):
    numbers = evaluate(server, tmp_path, "caopd_math_sc8")
    assert numbers["acc,none"] is None
    with pytest.raises(UsageError, match="copies of one text"):
        read_run(tmp_path)


def test_a_null_answer_is_no_answer(server, tmp_path):
    """What a content filter gives: lm-eval passes it on as an empty text."""
    server["answer"] = lambda _: None
    evaluate(server, tmp_path, "caopd_math_conf", limit=2)
    assert {row.status for row in read_run(tmp_path).rows} == {"no_answer"}


def test_models_that_forbid_stop_and_temperature(server, tmp_path, monkeypatch):
    def refuse(request):
        forbidden = "stop" in request or request.get("temperature") != 1
        return 400 if forbidden else "Answer: 12\nConfidence: 0.7"

    monkeypatch.setenv("OPENAI_API_KEY", "none")
    server["answer"] = refuse
    evaluate(
        server, tmp_path, "caopd_math_conf", model="openai-chat-completions", name="gpt-5", limit=2
    )
    assert {row.status for row in read_run(tmp_path).rows} == {"ok"}
    assert server["asked"][0]["max_completion_tokens"] == 1024


def test_the_messages_are_chat_turns(server, tmp_path):
    evaluate(server, tmp_path, "caopd_math_conf", limit=1)
    (request,) = server["asked"]
    assert [message["role"] for message in request["messages"]] == ["user"]
    assert request["stop"] == ["\n###\n"]
    assert request["temperature"] == 0
