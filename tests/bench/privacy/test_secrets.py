"""No secret of a run's own log gets into anything that is written or printed."""

import gzip
import hashlib
import json
import re
import runpy
from pathlib import Path

import pytest

from caopd_bench.comparison.comparability import find_differences
from caopd_bench.core.errors import UsageError
from caopd_bench.core.privacy.credentials import clean_name, redact
from caopd_bench.core.privacy.keep import keep_named
from caopd_bench.core.privacy.left_out import list_left_out
from caopd_bench.core.privacy.names import ARGUMENTS, DECODING
from caopd_bench.core.privacy.paths import shorten_path
from caopd_bench.runs.provenance import clean_provenance, describe_cleaning
from caopd_bench.runs.read import read_run
from caopd_bench.runs.stored.files import load_row

# What is drawn for the plan of a reference is not what these tests are about.
pytestmark = pytest.mark.usefixtures("few_draws")

PLANTED = runpy.run_path(str(Path(__file__).with_name("planted.py")))
SECRETS, search = PLANTED["SECRETS"], PLANTED["search"]
ANSWERS = [(0.5 + (i % 5) / 10, int(i % 3 > 0), "ok", None, i % 4) for i in range(120)]


def _edit(folder, change):
    file = next(folder.rglob("results_*.json"))
    results = json.loads(file.read_text())
    change(results)
    file.write_text(json.dumps(results))


@pytest.fixture
def plant(make_run, samples_of):
    """Write a run with all the secrets in it."""

    def make(name="secret"):
        folder = make_run(ANSWERS, f"logs/{name}")
        lines = [json.loads(line) for line in samples_of(folder).read_text().splitlines()]

        def change(results):
            for line in lines:
                PLANTED["plant"](results, line["doc"])

        _edit(folder, change)
        samples_of(folder).write_text("".join(json.dumps(line) + "\n" for line in lines))
        return folder

    return make


@pytest.fixture
def dirty(plant, run, tmp_path):
    """Store a run, and put into its files what earlier versions wrote; give the folder."""

    def make(name="old"):
        place = tmp_path / "old" / name
        log = plant(f"log-{name}")
        assert run("baseline", "init", log, "--output", place, "--reason", "first")[0] == 0
        results, sample = {}, {}
        results = json.loads(next(log.rglob("results_*.json")).read_text())
        sample = json.loads(next(log.rglob("samples_*")).read_text().splitlines()[0])
        summary = json.loads((place / "summary.json").read_text())
        config, known = results["config"], summary["provenance"]
        task = known["tasks"]["caopd_math_conf"]
        known |= {key: config[key] for key in ("model_args", "gen_kwargs")}
        known |= {"model": SECRETS["home"], "auth": {"deep": [SECRETS["a key"]]}}
        del known["left_out"], summary["row_digests"]
        task["generation"] = results["configs"]["caopd_math_conf"]["generation_kwargs"]
        task["source"] = sample["doc"]["source"]
        summary["name"] = SECRETS["name of a run"]
        summary["warnings"] = [f"see {SECRETS['query']}"]
        for record in summary["records"]:
            record["run"] = summary["name"]
        rows = gzip.decompress((place / "rows.jsonl.gz").read_bytes()).decode().splitlines()
        text = "".join(json.dumps(json.loads(r) | {"run": summary["name"]}) + "\n" for r in rows)
        (place / "rows.jsonl.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
        summary["rows_sha256"] = hashlib.sha256(text.encode()).hexdigest()
        (place / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
        baseline = json.loads((place / "baseline.json").read_text())
        packed = (place / "rows.jsonl.gz").read_bytes()
        baseline["rows_sha256"] = hashlib.sha256(packed).hexdigest()
        baseline |= {"run": f"{summary['name']}={SECRETS['home']}", "reason": SECRETS["reason"]}
        (place / "baseline.json").write_text(json.dumps(baseline, indent=1) + "\n")
        changes = (place / "CHANGES.md").read_text().splitlines()
        changes[2] = f"## 2026-11-22: made from `{baseline['run']}`"
        changes[4] = SECRETS["reason"]
        (place / "CHANGES.md").write_text("\n".join(changes) + "\n")
        assert len({marker for _, marker in search(place)}) >= 20
        return place

    return make


def _commands(out, one, two):
    """Yield every command that writes or prints something of runs, in an order that works."""
    named = f"{SECRETS['name of a run']}={two}"
    yield "score", one, two, "--json", out / "a.json", "--figure", out / "a.svg", "--by", "level"
    yield "score", one, "--json", "-", "--store", out / "one", "--figure", out / "a.pdf"
    yield "score", named, "--store", out / "two", "--text", "--figure", out / "a.png"
    for a, b in ((one, named), (out / "one", out / "two")):
        yield "compare", a, b
        yield "compare", a, b, "--json", out / "compare.json"
        yield "compare", a, b, "--strict"
    reason = ("--reason", SECRETS["reason"])
    yield "baseline", "init", named, "--output", out / "base", "--aa", one, *reason
    yield "baseline", "show", out / "base"
    written = [word for end in ("json", "md", "xml", "html") for word in ("--output", f"g.{end}")]
    written = [out / word if word.startswith("g.") else word for word in written]
    for reference, candidate in ((out / "base", one), (two, named)):
        yield "gate", "--reference", reference, candidate, *written
    yield "gate", "--reference", one, "--plan", "--output", out / "plan.json"
    yield "gate", "--reference", out / "base", "--self-test"
    yield "baseline", "update", named, "--output", out / "base", "--accept-regression", *reason
    yield "baseline", "verify", out / "base"
    ends = ("html", "json", "md", "csv", "tex")
    written = [word for end in ends for word in ("-o", out / f"report.{end}")]
    more = ("--card", out / "card", "--figures", out / "figures", "--samples", "all")
    yield "report", one, named, out / "one", *written, *more
    yield "store", "--scrub", out, "--check"
    yield "store", "--scrub", out


def test_no_command_writes_or_prints_a_secret(plant, run, tmp_path, monkeypatch):
    one, two = plant("one"), plant("two")
    _edit(two, PLANTED["plant_in_pairs"])
    planted = {marker for _, marker in search(tmp_path / "logs")}
    assert len(planted) >= 24
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(out / "step.md"))
    streams = []
    for words in _commands(out, one, two):
        code, said, err = run(*words)
        assert code in (0, 1, 3, 4), (words[:2], err)
        streams += [said, err]
    assert search(out, streams) == []
    assert {file.suffix for file in out.rglob("*")} >= {
        *(".json", ".svg", ".pdf", ".png", ".gz", ".md", ".xml", ".html", ".csv", ".tex")
    }
    # And what identifies the run is there.
    summary = json.loads((out / "one" / "summary.json").read_text())
    arguments = summary["provenance"]["model_args"]
    assert arguments["pretrained"] == summary["provenance"]["model"] == "ckpt/step-100"
    assert arguments["base_url"] == "https://host:8000/v1"
    assert arguments["load_in_4bit"] is True
    assert arguments["chat_template_args"] == {"enable_thinking": False}
    assert summary["provenance"]["gen_kwargs"]["until"] == ["###"]
    said = "\n".join(streams)
    for what, names in (
        ("stored run", "model_args .*api_key, auth_token, token, header"),
        ("reference", "model_args .*api_key, token, header"),
    ):
        assert re.search(f"^left out of the {what}: .*{names}", said, re.MULTILINE)


def test_rescored_answers(run, tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    secret = SECRETS["stop of a task"]
    rows = [{"response": f"Answer: {i}\nConfidence: 0.9", "gold": str(i)} for i in range(9)]
    flat = folder / f"answers {secret}.jsonl"
    flat.write_text("".join(json.dumps(row) + "\n" for row in rows))
    log = folder / "log.json"
    header = {
        "task": "t",
        "model": "openai/x",
        "model_generate_config": {"temperature": 1.0, "extra_headers": {"x": SECRETS["a key"]}},
        "packages": {"inspect_ai": "0.3.1", "key": SECRETS["token"]},
        "created": "2026-11-22T03:13:32+00:00",
        "model_base_url": SECRETS["password"],
    }
    message = {"message": {"content": "Answer: 1\nConfidence: 0.9"}}
    samples = [
        {"id": i, "epoch": 1, "input": "q", "target": "1", "output": {"choices": [message]}}
        for i in range(5)
    ]
    log.write_text(json.dumps({"eval": header, "status": "success", "samples": samples}))
    out, streams = tmp_path / "out", []
    for place, file in (("flat", flat), ("inspect", log)):
        names = ("--name", SECRETS["name of a run"], "--task", SECRETS["free text"])
        for more in ((), names):
            stored = out / f"{place}{len(more)}"
            code, said, err = run("rescore", file, "--store", stored, *more)
            assert code == 0, err
            streams += [said, err, *run("score", stored)[1:]]
    assert search(out, streams) == []
    known = json.loads((out / "inspect0" / "summary.json").read_text())["provenance"]
    assert known["gen_kwargs"] == {"temperature": 1.0}
    assert known["date"] == "2026-11-22T03:13:32+00:00"


def test_an_old_run_is_named_on_reading(dirty, run, tmp_path):
    one, two = dirty("one"), dirty("two")
    out = tmp_path / "out"
    for words in (
        ("score", one),
        ("compare", one, two),
        ("gate", "--reference", one, two),
        ("report", one, two, "-o", out / "r.html", "-o", out / "r.json"),
        ("baseline", "show", one),
        ("baseline", "verify", one),
        ("score", one, "--store", out / "stored"),
    ):
        code, said, err = run(*words)
        assert code in (0, 3), err
        found = [line for line in err.splitlines() if line.startswith("warning: ")]
        files = [line.split()[1] for line in found]
        names = ["summary.json", "baseline.json", "CHANGES.md"]
        assert set(files) >= {str(one / name) for name in names}
        assert len(files) == len(set(files))
        assert re.search("model_args .*api_key, auth_token, token, header", found[0])
        assert any(f"caopd-bench store --scrub {one}" in line for line in found)
        assert search(one, [said, err]) == search(one)  # nothing in what is printed
    assert search(out) == []


def test_scrub(dirty, run, tmp_path):
    place, root = dirty(), tmp_path / "old"
    before = {file: file.read_bytes() for file in root.rglob("*") if file.is_file()}
    rows, records = _numbers(place)
    code, said, err = run("store", "--scrub", root, "--check")
    assert (code, err) == (1, "")
    assert re.search("/summary.json: may contain secrets: .*; auth;? ?", said)
    assert {file: file.read_bytes() for file in before} == before
    code, said, err = run("store", "--scrub", root)
    assert (code, err) == (0, "")
    assert "replace every key" in said
    assert search(root, [said]) == []
    once = {file: file.read_bytes() for file in root.rglob("*") if file.is_file()}
    assert once.keys() == before.keys()
    assert _numbers(place) == (rows, records)
    # The same command again, and what reads the run, find nothing to say.
    for words in (("store", "--scrub", root), ("store", "--scrub", root, "--check")):
        code, said, _ = run(*words)
        assert code == 0, said
    assert {file: file.read_bytes() for file in once} == once
    for words in (("score", place), ("baseline", "verify", place), ("baseline", "show", place)):
        code, said, err = run(*words)
        assert (code, err) == (0, "")
    known = json.loads((place / "summary.json").read_text())["provenance"]
    assert known["model"] == "ckpt/step-100"
    assert {"auth", "model_args.api_key"} <= set(known["left_out"])


def _numbers(place):
    rows = gzip.decompress((place / "rows.jsonl.gz").read_bytes()).decode().splitlines()
    records = json.loads((place / "summary.json").read_text())["records"]
    return [{**json.loads(row), "run": ""} for row in rows], [{**r, "run": ""} for r in records]


def test_scrub_leaves_what_is_not_ours(dirty, run, tmp_path):
    place, root = dirty(), tmp_path / "old"
    secret = SECRETS["a key"]
    others = {
        root / "summary.json": json.dumps({"provenance": {"api_key": secret}}),
        root / "cell.json": json.dumps({"api_key": secret}),
        root / "notes.md": secret,
        root / "failed" / "x.json": json.dumps({"api_key": secret}),
        root / ".git" / "rows.jsonl.gz": secret,
        place / "mine.txt": secret,
    }
    for file, text in others.items():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    target = tmp_path / "elsewhere"
    target.mkdir()
    (root / "link").symlink_to(target)
    for name in ("summary.json", "rows.jsonl.gz"):
        (target / name).write_bytes((place / name).read_bytes())
    kept = (target / "summary.json").read_bytes()
    assert run("store", "--scrub", root)[0] == 0
    assert {file: file.read_text() for file in others} == others
    assert (target / "summary.json").read_bytes() == kept
    assert not [*root.rglob("*.part"), *root.rglob("*.lock")]


def test_scrub_keeps_an_edit_visible(dirty, run):
    """Rows that are not those of the summary are not hashed anew."""
    place = dirty()
    rows = gzip.decompress((place / "rows.jsonl.gz").read_bytes()).replace(b"0.5,", b"0.6,")
    (place / "rows.jsonl.gz").write_bytes(gzip.compress(rows))
    before = (place / "summary.json").read_bytes()
    code, _, err = run("store", "--scrub", place)
    assert code == 1
    assert "its rows are not those that were stored" in err
    assert (place / "summary.json").read_bytes() == before


def test_scrub_of_nothing(run, tmp_path):
    code, _, err = run("store", "--scrub", tmp_path)
    assert code == 2
    assert "no stored run in this folder or below" in err
    assert run("store", "--scrub", tmp_path / "nowhere")[0] == 2


def test_scrub_names_the_logs_it_does_not_look_at(plant, dirty, run, tmp_path):
    plant()
    dirty()
    assert "not checked: 2 logs of lm-eval" in run("store", "--scrub", tmp_path)[1]


@pytest.mark.parametrize(
    ("given", "kept", "left"),
    [
        ("pretrained=a,api_key=x", {"pretrained": "a"}, ["api_key"]),
        ('header={"a": "b,c=d"},dtype=auto', {"dtype": "auto"}, ["header"]),
        ("hunter2,dtype=auto", {"dtype": "auto"}, ["text without a name"]),
        ("dtype=auto,Ab9=Zz", {"dtype": "auto"}, ["another name"]),
        ('{"dtype": "auto", "auth": {"a": 1}}', {"dtype": "auto"}, ["auth"]),
        ("{'dtype': 'auto', 'auth': 'a'}", {"dtype": "auto"}, ["auth"]),
        ({"model_kwargs": {"dtype": "a", "token": "x"}}, {"model_kwargs": {"dtype": "a"}},
         ["model_kwargs.token"]),
        ({"chat_template_args": '{"enable_thinking": true, "k": "x"}'},
         {"chat_template_args": {"enable_thinking": True}}, ["chat_template_args.k"]),
        ({"dtype": ["auto", "sk-PLANTED01X"]}, {"dtype": ["auto"]}, ["dtype"]),
        ({"dtype": {"a": "x"}}, {}, ["dtype"]),
        ({"api_key": None, "auth": "", "header": {}}, {}, []),
        ({"pretrained": r"C:\Users\me\x\ckpt\7"}, {"pretrained": "ckpt/7"}, []),
        ({"pretrained": "file:///home/me/x/ckpt/7"}, {"pretrained": "ckpt/7"}, []),
        ({"pretrained": "org/name"}, {"pretrained": "org/name"}, []),
        ({"base_url": "http://[::1]:8000/v1/chat?x=y"}, {"base_url": "http://[::1]:8000/v1/chat"},
         ["base_url (parts of an address)"]),
        ({"base_url": "http://host/v1/chat/completions"},
         {"base_url": "http://host/v1/chat/completions"}, []),
        ({"gptq_bits": 4, "bnb_4bit_quant_type": "nf4", "quantization": "awq"},
         {"gptq_bits": 4, "bnb_4bit_quant_type": "nf4", "quantization": "awq"}, []),
        ({"seed": "hunter2", "max_length": "1e3", "batch_size": "auto:4", "temperature": "0.5"},
         {"max_length": "1e3", "batch_size": "auto:4", "temperature": "0.5"}, ["seed"]),
        ({"base_url": "http://host/v1/a1b2c3d4e5f6g7/chat"},
         {"base_url": "http://host/v1/(left out)/chat"}, ["base_url (parts of an address)"]),
        ({"base_url": "http://host/deployments/gpt-4o-mini-2024-07-18/llama3p18binstruct"},
         {"base_url": "http://host/deployments/gpt-4o-mini-2024-07-18/llama3p18binstruct"}, []),
        ({"stop": ["\"{\\\"api_key\\\": \\\"abc\\\"}\"", "#"]}, {"stop": ["#"]}, ["stop"]),
        ({"stop": "\"quoted\""}, {"stop": "\"quoted\""}, []),
        ({"pretrained": "see https://me:word@host/x/y for it"}, {"pretrained": "x/y for it"},
         ["pretrained (parts of an address)"]),
        ({"pretrained": "/c/hub/models--Org--Name/snapshots/" + "0a" * 20},
         {"pretrained": "models--Org--Name/snapshots/" + "0a" * 20}, []),
        ({"limit": "hunter2", "sequence_bias": [[[5, 7], -1.5]], "max_seq_len": 2048},
         {"sequence_bias": [[[5, 7], -1.5]], "max_seq_len": 2048}, ["limit"]),
        ({"hf_overrides": '{"rope_scaling": {"factor": 4.0}, "auth": "x"}', "think_start_token":
          "<think>", "use_flash_attention_2": True,
          "speculative_config": {"model": "/home/me/x/draft/1", "method": "eagle", "key": "x"}},
         {"hf_overrides": {"rope_scaling": {"factor": 4.0}}, "think_start_token": "<think>",
          "use_flash_attention_2": True,
          "speculative_config": {"model": "draft/1", "method": "eagle"}},
         ["hf_overrides.auth", "speculative_config.key"]),
        ("x", {}, ["text without a name"]),
        (5, 5, []),
        (None, None, []),
    ],
)  # fmt: skip
def test_what_is_kept(given, kept, left):
    found = keep_named(given, ARGUMENTS)
    assert (found.value, found.left_out) == (kept, left)
    assert keep_named(found.value, ARGUMENTS)[1:] == ([], [])


@pytest.mark.parametrize(
    "value",
    [
        *("sk-PLANTED01X", "Bearer abcd", "eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", "AKIAPLANTED1"),
        *("me:word@host", "https://me:word@host/x", "api_key=abc", "x-api-key: abc"),
        *("mQ3xZ81kLp0aYv7RtW2s", "0123456789abcdef0123456789abcdef", "hf_PLANTED1"),
        *("-----BEGIN PRIVATE KEY-----\nabc", "Basic dXNlcjpwdw==", "glpat-PLANTED1"),
        "9f1b2c3d-0a1b-4c2d-8e3f-001122334455",
    ],
)
def test_a_value_that_looks_like_a_secret_is_kept_nowhere(value):
    for name in ("dtype", "until", "pretrained", "revision", "stop", "seed", "max_gen_toks"):
        if name == "revision" and re.fullmatch("[0-9a-f-]*", value):
            continue  # as a commit is
        for shape in (value, [value], [[value]], f"a {value} b"):
            found = keep_named({name: shape}, {**ARGUMENTS})
            assert value not in json.dumps(found.value)
            assert found.left_out
            assert redact(redact(str(shape))) == redact(str(shape))


@pytest.mark.parametrize(
    "name",
    [
        *("meta-llama/Llama-3.1-8B-Instruct", "Qwen/Qwen2.5-Coder-32B-Instruct-GPTQ-Int4"),
        *("ft:gpt-4o-mini-2024-07-18:org:custom:AbCdEfGh", "m/DeepSeek-R1-Distill-Qwen-32B"),
        *("67k-b1-caopd-families=sum-s0", "unsloth/Meta-Llama-3.1-70B-Instruct-bnb-4bit"),
        *("checkpoint-100000", "run_20240101_123456_abcd1234", "sk_learn_model", "hf_models"),
        *("anthropic.claude-3-5-sonnet-20241022-v2:0", "key-value-model-7b", "authors/token-mixer"),
    ],
)  # fmt: skip
def test_names_of_models_are_kept(name):
    assert keep_named({"pretrained": name, "model": name}, ARGUMENTS) == (
        {"pretrained": name, "model": name}, [], []
    )  # fmt: skip


def test_what_models_read_and_write_is_kept():
    decoding = {
        "until": ["</think>", "<|im_end|>", "\n###\n", "Question:", "author: x", "2:1", "//"],
        "logit_bias": {"50256": -100},
        "think_end_token": "</think>",
        "max_tokens": 5,
        "reasoning_effort": "high",
    }
    assert keep_named(decoding, DECODING) == (decoding, [], [])


def test_cleaning_twice_is_cleaning_once(plant):
    raw = json.loads(next(plant().rglob("results_*.json")).read_text())["config"]
    once = clean_provenance({**raw, "left_out": [SECRETS["named in the key"], "model_args.token"]})
    assert "PLANTED" not in json.dumps(once)
    again = describe_cleaning(once)
    assert (again.value, again.left_out, again.shortened) == (once, [], [])


def test_comparisons_see_what_they_compared(make_run):
    def quantised(results):
        results["config"]["model_args"] |= {"bnb_4bit_quant_type": "nf4", "api_key": "x"}

    one, two = make_run(ANSWERS, "one"), make_run(ANSWERS, "two")
    _edit(two, quantised)
    (found,) = find_differences(read_run(one), read_run(two), ["caopd_math_conf"])
    assert found.setting == "quantisation"
    _edit(one, quantised)
    assert not find_differences(read_run(one), read_run(two), ["caopd_math_conf"])


def test_names_are_put_together():
    names = ["model_args.api_key", "model_args.header", "auth"]
    assert list_left_out(names) == "model_args api_key, header; auth"


def test_an_error_does_not_echo_a_secret(run, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "PLANTED28X")
    place = tmp_path / "nowhere PLANTED28X Bearer PLANTED29X me:PLANTED30X@host"
    code, said, err = run("score", place)
    assert (code, said) == (2, "")
    assert "PLANTED" not in err


def test_an_error_of_the_program_does_not_echo_a_secret(run, mixed, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("401 for https://me:PLANTED31X@host/v1?key=PLANTED32X Bearer PLANTED33X")

    monkeypatch.setattr("caopd_bench.runs.read.read_runs", fail)
    for value in ("0", "1"):
        monkeypatch.setenv("CAOPD_BENCH_DEBUG", value)
        code, said, err = run("score", mixed)
        assert (code, said) == (70, "")
        assert "PLANTED" not in err
        assert "401 for https://host/v1" in err


@pytest.mark.parametrize("name", ["hub_token", "push_to_hub_token"])
def test_no_token_is_kept_with_checkpoints(name):
    from caopd_bench.cli.train import _read_pair

    with pytest.raises(UsageError, match=f"--trl {name}: would be written .*HF_TOKEN") as refused:
        _read_pair(f"{name}={SECRETS['token']}")
    assert "PLANTED" not in str(refused.value)
    assert _read_pair("num_train_epochs=2") == ("num_train_epochs", 2)


def test_texts_that_are_made_to_be_slow_or_to_break():
    """The first of them took a minute once: no pattern tries one text in many ways."""
    hostile = [
        *("pipeline_parallel_size_tokens_per_second_of_a_very_long_name_" * 8 + "!", "a_" * 4000),
        *("https://" * 2000, "a:" * 4000, "key." * 3000, "sk-" * 3000, "a1" * 4000, "=" * 8000),
        *("file://[", "http://[", "C:\\user:pw@", "[" * 8000, "{'" * 4000, "x={[," * 2000),
    ]
    for text in hostile:
        for value in (text, {text: text}, {"until": text, "model": text}, {"chat": {text: 1}}):
            kept = keep_named(value, ARGUMENTS, "model_args")
            assert keep_named(kept.value, ARGUMENTS)[1:] == ([], [])
        assert redact(redact(text)) == redact(text)


def test_numbers_that_json_does_not_hold():
    found = keep_named({"temperature": "inf", "top_p": float("nan"), "logit_bias": {"1": 1e999}},
                       DECODING)  # fmt: skip
    assert found.value == {"temperature": "inf", "top_p": None, "logit_bias": {"1": None}}
    assert keep_named(float("inf"), DECODING).value is None


@pytest.mark.parametrize(
    "name",
    [
        *("pplx-70b-online", "pplx-7b-chat", "xai-grok-2-latest", "gsk-biogpt", "sk-mistral"),
        *("wav2vec2-xls-r-300m-sk-cv8.0", "mt5-sk-news", "hf_Team", "sk-Mistral-7B"),
        *("basic model-7b", "token model7", "key model-7b", "exp lr=1e-5 key v2-final"),
    ],
)
def test_a_name_that_begins_like_a_key_is_kept(name):
    """Left out, two models would be one, and scrubbing would take their names for good."""
    assert clean_name(name) == name
    assert shorten_path(f"org/{name}") == f"org/{name}"


@pytest.mark.parametrize(
    "key",
    [
        *("sk-abcd1234", "sk-proj-word", "sk-ant-word-word", "gsk-T3BlbkFJa", "pplx-0a1b2c3d4e5f"),
        *("xai-AbCdEfGhIjKl", "hf_AbCdEfGhIj", "npm_0123456789abcdef"),
    ],
)
def test_a_key_is_no_name(key):
    assert key not in clean_name(f"tuned with {key}")
    assert key not in shorten_path(f"org/{key}")


@pytest.mark.parametrize(
    "path",
    [
        "9f86d081884c7d659a2feaa0c55ad015/model",
        "model/9f1b2c3d-0a1b-4c2d-8e3f-001122334455",
        "org/model-9f86d081884c7d659a2feaa0c55ad015",
    ],
)
def test_the_hash_of_a_run_in_a_path_is_kept(path):
    assert shorten_path(f"/mlruns/{path}") == path


@pytest.mark.parametrize("name", ["gguf_pass", "gguf_license", "quantkey", "my_quant_password"])
def test_a_name_that_sounds_like_quantisation_keeps_no_text(name):
    given = {"model_args": {name: "hunter22word", "bnb_4bit_new": 4, "load_in_6bit": True}}
    kept = clean_provenance(given)["model_args"]
    assert kept == {"bnb_4bit_new": 4, "load_in_6bit": True}


def test_a_row_of_very_many_fields_is_refused():
    """Each would be checked: a megabyte of them took a hundred."""
    with pytest.raises(UsageError, match="1,000 fields; not a row of a stored run"):
        load_row(json.dumps({str(i): 0 for i in range(1000)}).encode(), "line 1")


@pytest.mark.parametrize(
    "text",
    [
        *("DB_PASS=PLANTED", "SMTP_PASS: PLANTED", "AccountKey=PLANTED==;x", "pw=PLANTED"),
        *("SharedAccessKey=PLANTED", "master_key=PLANTED", "license_key: PLANTED", "sig=PLANTED"),
        *("auth_key=PLANTED", "ENCRYPTION_KEY=PLANTED", "jwt=PLANTED", "--password PLANTED"),
        *("run --api-key PLANTED --limit 5", "run --hf-token 'PLANTED1'", "token=PLANTED1"),
        "https://hooks.slack.com/services/T00/B00/PLANTED",
        "https://discord.com/api/webhooks/1/PLANTED",
        "https://api.telegram.org/bot123456789:PLANTED_PLANTED_PLANTED_PLANTED_PL/sendMessage",
        "say 123456789:PLANTED_PLANTED_PLANTED_PLANTED_PL",
    ],
)
def test_a_secret_in_a_line_for_people(text):
    assert "PLANTED" not in redact(text)
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        *("token=mean", "auth: basic", "sig=0.05", "bypass=yes", "tests_pass: 7", "pass: 12"),
        *("api_key=true", "password=None", "--tokenizer name", "--token-budget 500", "key=value"),
        *("sigma=0.5", "monkey=banana", "--auth basic", "the token was refused", "step 12:30:55"),
        "https://hooks.slack.com",
    ],
)
def test_a_line_without_a_secret_stays(text):
    assert redact(text) == text


def test_a_wrong_option_is_not_echoed_with_its_key(run):
    code, said, err = run("score", "--api-key", "PLANTED40X", "x")
    assert (code, said) == (2, "")
    assert "--api-key" in err
    assert "PLANTED" not in err


def test_what_the_environment_calls_a_secret(monkeypatch):
    monkeypatch.setenv("CI_AUTH", "bfloat16")
    monkeypatch.setenv("DB_PASSWORD", "hunter22")
    monkeypatch.setenv("SIGNING_KEY", "a word of some length")
    assert redact("bfloat16 hunter22 a word of some length") == "bfloat16 (left out) (left out)"


def test_scrubbing_passes_over_what_is_not_ours(run, tmp_path):
    for name in ("deep", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "deep" / "cell.json").write_text("[" * 100_000)
    (tmp_path / "other" / "provenance.json").write_text('{"api_key": "PLANTED41X"}')
    code, _, err = run("store", "--scrub", tmp_path)
    assert (code, err.count("Traceback")) == (0, 0)
    assert "PLANTED41X" in (tmp_path / "other" / "provenance.json").read_text()
