"""Logged answers become a run: columns, samples, Inspect logs, the same numbers as `score`."""

import csv
import gzip
import json
import zipfile

import pytest

from caopd_bench import read_run, score
from caopd_bench.core.errors import UsageError
from caopd_bench.runs.rescore import rescore

TEXT = "So.\nAnswer: {}\nConfidence: {}"
ROWS = [
    {"id": "a", "response": TEXT.format(12, 0.9), "gold": "12", "level": 1},
    {"id": "a", "response": TEXT.format(13, 0.4), "gold": "12", "level": 1},
    {"id": "b", "response": "Answer: 7", "gold": "7", "level": 2},
    {"id": "b", "response": None, "gold": "7", "level": 2},
    {"id": "c", "response": "<think>hm", "gold": "5", "level": 2},
]


def write(path, rows=ROWS):
    """Write rows in the format of the file's name."""
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    if path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(lines.encode()))
    elif path.suffix == ".csv":
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows([{**row, "response": row["response"] or ""} for row in rows])
    elif path.suffix == ".parquet":
        pyarrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    else:
        path.write_text(lines)
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.csv", "a.parquet"])
def test_every_format_gives_the_same_rows(tmp_path, name):
    run = rescore(write(tmp_path / name), item="id")
    seen = [(r.sample, r.confidence, r.correct, r.status, r.groups) for r in run.rows]
    failed = "no_answer" if name.endswith(".csv") else "api_error"  # CSV knows no null
    assert seen == [
        (0, 0.9, 1, "ok", {"level": 1}),
        (1, 0.4, 0, "ok", {"level": 1}),
        (0, None, 1, "no_confidence", {"level": 2}),
        (1, None, 0, failed, {"level": 2}),
        (-1, None, 0, "unfinished", {"level": 2}),
    ]
    assert len({row.item_hash for row in run.rows}) == 3
    assert run.name == "a"
    assert run.tasks == ["logged"]
    assert run.settings("logged")["source"]["rows"] == 5


def test_without_a_name_every_row_is_a_question(tmp_path):
    run = rescore(write(tmp_path / "a.jsonl"))
    assert len({row.item_hash for row in run.rows}) == 5
    assert {row.sample for row in run.rows} == {-1}


def test_numbers_as_gold(tmp_path):
    rows = [{"response": TEXT.format(5, 0.5), "gold": gold} for gold in (5, 5.0, "5", 6)]
    assert [r.correct for r in rescore(write(tmp_path / "a.jsonl", rows)).rows] == [1, 1, 1, 0]


def test_other_kinds(tmp_path):
    rows = [
        {"response": "<answer>\n(B)\n</answer>\nConfidence: 70%", "gold": "B"},
        {"response": "Answer: A or B\nConfidence: 0.7", "gold": "B"},
    ]
    run = rescore(write(tmp_path / "a.jsonl", rows), kind="choice")
    assert [(r.correct, r.confidence) for r in run.rows] == [(1, 0.7), (0, 0.7)]
    rows = [{"response": 'Action: f\nAction Input: {"a": "1"}\nConfidence: 0.6'}]
    rows[0]["gold"] = '[{"Action": "f", "Action_Input": "{\\"a\\": 1}"}]'
    run = rescore(write(tmp_path / "b.jsonl", rows), kind="calls")
    assert [(r.correct, r.confidence) for r in run.rows] == [(1, 0.6)]


def test_the_texts_of_an_lm_eval_run_give_its_records(make_run, samples_of, tmp_path):
    answers = [(0.9, 1, "ok", TEXT.format(i, 0.9), i % 3 + 1) for i in range(0, 40)]
    answers += [(0.8, 0, "ok", TEXT.format(-5, 0.8), 2) for i in range(40, 60)]
    answers += [(None, 1, "no_confidence", f"Answer: {i}", 1) for i in range(60, 70)]
    answers += [(None, 0, "unfinished", "<think>" + "x " * 300, 3)]
    folder = make_run(answers)
    samples = [json.loads(line) for line in samples_of(folder).read_text().splitlines()]
    rows = [
        {"q": s["doc"]["question"], "t": s["resps"][0][0], "g": s["doc"]["answer"]}
        | {key: s["doc"][key] for key in ("level", "family")}
        for s in samples
    ]
    theirs = read_run(folder)
    ours = rescore(
        write(tmp_path / "log.jsonl", rows),
        response="t",
        gold="g",
        question="q",
        task="caopd_math_conf",
        name=theirs.name,
    )

    def numbers(run):
        found = score(run, by=["level"])
        return [repr(r) for r in found if r.metric != "exemplar_copies"]

    assert numbers(ours) == numbers(theirs)


def test_rows_pair_with_lm_evals_by_the_question(tmp_path):
    from caopd_bench.tasks import item_hash, problems

    item = problems.load()[0]
    rows = [{"q": item["question"], "response": "Answer: 1", "gold": item["answer"]}]
    run = rescore(write(tmp_path / "a.jsonl", rows), question="q")
    assert run.rows[0].item_hash == item_hash(item)


def test_cut_off_answers(tmp_path):
    rows = [{"response": "word " * 100, "gold": "1"}]
    path = write(tmp_path / "a.jsonl", rows)
    assert rescore(path).rows[0].status == "no_answer"
    assert rescore(path, max_tokens=100).rows[0].status == "unfinished"


def test_several_processes_give_the_same_rows(tmp_path, monkeypatch):
    from caopd_bench.runs.answers import judge as rescoring

    monkeypatch.setattr("caopd_bench.core.process.share.WORTH", 0.0)
    monkeypatch.setattr(rescoring, "CHUNK", 7)
    rows = [{"response": TEXT.format(i, 0.5), "gold": str(i - i % 2)} for i in range(40)]
    path = write(tmp_path / "a.jsonl", rows)
    assert rescore(path, workers=2).rows == rescore(path).rows
    rows[33]["gold"] = "a word"
    write(path, rows)
    with pytest.raises(UsageError, match=r"line 34: the gold answer 'a word' is not a number"):
        rescore(path, workers=2)


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        (ROWS, {"response": "text"}, "no column 'text'; it has 'id', 'response', 'gold', 'level'"),
        (ROWS, {"item": "nr"}, "no column 'nr'"),
        (ROWS, {"by": ["topic"]}, "no column 'topic'"),
        (ROWS, {"kind": "words"}, "must be one of number, latex, choice"),
        ([{"response": "x", "gold": None}], {}, "line 1: no 'gold'; leave the row out, or choose "),
        ([*ROWS[:1], {"response": "x"}], {}, "line 2: no 'gold'; leave the row out, or choose "),
        ([{"response": "x", "gold": ""}], {}, "line 1: no 'gold'; leave the row out, or choose "),
        ([{"response": "x", "gold": True}], {}, "line 1: gold must be text or a number, got True"),
        ([{"response": 5, "gold": 5}], {}, "line 1: response must be text or null, got 5"),
        ([{"response": "x", "gold": "five"}], {}, "is --kind number right?"),
        ([{"response": None, "gold": "five"}], {}, "is --kind number right?"),
        ([{"response": "x", "gold": "AB"}], {"kind": "choice"}, "not one letter"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(tmp_path, rows, options, said):
    with pytest.raises(UsageError, match=said) as caught:
        rescore(write(tmp_path / "a.jsonl", rows), **options)
    assert "\n" not in str(caught.value)


def test_files_that_are_none(tmp_path):
    for name, content, said in [
        ("a.jsonl", b"", "no rows"),
        ("a.jsonl", b"not json\n", "line 1: not JSON"),
        ("a.csv", b"response,gold\n1\n", "line 2: 1 fields"),
        ("a.txt", b"x", "must end in"),
        ("a.eval", b"PK\x03\x04 no zip", "not a log of Inspect"),
        ("a.json", b"{}", "not a log of Inspect"),
        ("a.json", b"[", "not JSON"),
    ]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UsageError, match=said):
            rescore(tmp_path / name)
    with pytest.raises(UsageError, match="no such file"):
        rescore(tmp_path / "nothing.jsonl")


def test_the_command_prints_stores_and_writes(run, tmp_path):
    path = write(tmp_path / "a.jsonl", ROWS * 10)
    code, out, err = run("rescore", path, "--item", "id", "--store", tmp_path / "s", "--json", "-")
    assert (code, err.splitlines()[0]) == (0, "logged")
    assert {r["metric"] for r in json.loads(out)} >= {"accuracy", "ece", "auroc_within_question"}
    code, out, _ = run("score", tmp_path / "s", "--by", "level")
    assert code == 0
    assert "50 rows" in out
    lines = gzip.decompress((tmp_path / "s" / "rows.jsonl.gz").read_bytes()).splitlines()
    stored = [json.loads(line) for line in lines]
    assert stored[0]["answer"] == "12"
    assert stored[0]["text"] is None
    code, _, err = run("rescore", path, "--item", "id", "--question", "id")
    assert (code, err.count("\n")) == (2, 1)
    code, _, err = run("rescore", path, "--kind", "words")
    assert (code, err.count("\n")) == (2, 1)


def make_log(path, *, compress=zipfile.ZIP_DEFLATED, samples=None):
    """Write what Inspect 0.3.285 writes, of the keys that are read."""
    header = {
        "version": 2,
        "status": "success",
        "eval": {
            "task": "sums",
            "model": "openai/gpt-x",
            "created": "2026-11-24T00:57:20+00:00",
            "packages": {"inspect_ai": "0.3.285"},
            "model_generate_config": {"temperature": 1.0},
        },
    }
    if samples is None:
        samples = [
            make_sample("b", 1, "4", TEXT.format(4, 0.8)),
            make_sample("a", 2, "2", TEXT.format(3, 0.3)),
            make_sample("a", 1, "2", [{"type": "reasoning", "reasoning": "Confidence: 0.1"}]),
            make_sample("b", 2, ["4", "four"], None, error={"message": "timeout"}),
        ]
        samples[2]["output"]["choices"][0]["message"]["content"] += [
            {"type": "text", "text": TEXT.format(2, 0.9)}
        ]
    if path.suffix == ".json":
        path.write_text(json.dumps({**header, "samples": samples}))
        return path
    with zipfile.ZipFile(path, "w", compress) as archive:
        archive.writestr("_journal/start.json", json.dumps(header))
        for sample in samples:
            name = f"samples/{sample['id']}_epoch_{sample['epoch']}.json"
            archive.writestr(name, json.dumps(sample))
        archive.writestr("header.json", json.dumps(header))
    return path


def make_sample(name, epoch, target, content, **others):
    choices = [] if content is None else [{"message": {"role": "assistant", "content": content}}]
    return {
        "id": name,
        "epoch": epoch,
        "input": f"What is {name}?",
        "target": target,
        "output": {"model": "openai/gpt-x", "choices": choices},
        "metadata": {"level": 3, "other": "x"},
        **others,
    }


@pytest.mark.parametrize("name", ["log.eval", "log.json"])
def test_a_log_of_inspect(tmp_path, name):
    run = rescore(make_log(tmp_path / name))
    seen = [(r.sample, r.confidence, r.correct, r.status) for r in run.rows]
    assert seen == [
        (0, 0.8, 1, "ok"),
        (1, None, 0, "api_error"),
        (0, 0.9, 1, "ok"),
        (1, 0.3, 0, "ok"),
    ]
    assert run.rows[0].groups == {"level": 3}
    assert (run.name, run.tasks) == ("gpt-x", ["sums"])
    assert run.provenance["packages"] == {"inspect_ai": "0.3.285"}
    assert run.provenance["gen_kwargs"] == {"temperature": 1.0}


def test_a_log_packed_with_zstd(tmp_path, monkeypatch):
    zstandard = pytest.importorskip("zstandard")
    plain = make_log(tmp_path / "plain.eval", compress=zipfile.ZIP_STORED)
    packed = tmp_path / "packed.eval"
    repack(plain, packed, zstandard)
    assert [repr(r) for r in rescore(packed).rows] == [repr(r) for r in rescore(plain).rows]
    monkeypatch.setitem(__import__("sys").modules, "zstandard", None)
    with pytest.raises(UsageError, match=r'pip install "caopd-bench\[inspect\]"'):
        rescore(packed)


def repack(source, target, zstandard):
    """Copy an archive with every member packed by method 93, as Inspect's are."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, zstandard.ZstdCompressor().compress(old.read(name)))
    data = bytearray(target.read_bytes())
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target) as new:
        places = {info.filename: info.header_offset for info in new.infolist()}
        infos = {info.filename: info for info in old.infolist()}
    for name, offset in places.items():
        size, checksum = (
            number.to_bytes(4, "little") for number in (infos[name].file_size, infos[name].CRC)
        )
        data[offset + 8 : offset + 10] = (93).to_bytes(2, "little")
        data[offset + 14 : offset + 18] = checksum
        data[offset + 22 : offset + 26] = size
        at = data.rindex(b"PK\x01\x02", 0, data.rindex(name.encode()))
        data[at + 10 : at + 12] = (93).to_bytes(2, "little")
        data[at + 16 : at + 20] = checksum
        data[at + 24 : at + 28] = size
    target.write_bytes(bytes(data))


def test_attachments_are_looked_up(tmp_path):
    sample = make_sample("a", 1, "2", "attachment://abc", attachments={"abc": TEXT.format(2, 0.7)})
    run = rescore(make_log(tmp_path / "log.eval", samples=[sample]))
    assert run.rows[0].confidence == 0.7


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        ([], "without samples"),
        ([make_sample("a", 1, "", "x")], "no target"),
        ([make_sample("a", 1, [], "x")], "no target"),
    ],
)
def test_logs_that_cannot_be_judged(tmp_path, samples, said):
    with pytest.raises(UsageError, match=said):
        rescore(make_log(tmp_path / "log.eval", samples=samples))


def test_a_damaged_member_is_named(tmp_path):
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", '{"eval": {}}')
        archive.writestr("samples/a_epoch_1.json", '{"id": ')
    with pytest.raises(UsageError, match=r"samples/a_epoch_1.json: damaged"):
        rescore(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other.txt", "x")
    with pytest.raises(UsageError, match="holds no header"):
        rescore(path)


def test_whole_floats_and_lists_as_gold(tmp_path):
    rows = [{"q": "x", "response": TEXT.format(5, 0.5), "gold": gold} for gold in (5, 5.0, "5")]
    run = rescore(write(tmp_path / "a.jsonl", rows), question="q")
    assert len({row.item_hash for row in run.rows}) == 1
    rows = [{"response": "Answer: Lutetia\nConfidence: 0.5", "gold": ["Paris", "Lutetia"]}]
    assert rescore(write(tmp_path / "a.jsonl", rows), kind="phrase").rows[0].correct == 1
    with pytest.raises(UsageError, match=r"line 1: .*is not a number"):
        rescore(tmp_path / "a.jsonl")


@pytest.mark.parametrize("absent", [None, "", float("nan")])
def test_a_row_without_a_level_is_in_no_group(tmp_path, absent):
    rows = [{**ROWS[0], "level": absent}, ROWS[1]]
    run = rescore(write(tmp_path / "a.jsonl", rows))
    assert [row.groups for row in run.rows] == [{}, {"level": 1}]


def test_a_missing_response_is_no_failed_request(tmp_path):
    path = write(tmp_path / "a.jsonl", [ROWS[0], {"gold": "7"}])
    with pytest.raises(UsageError, match="line 2: no 'response'; write null"):
        rescore(path)
    path = tmp_path / "a.csv"
    path.write_text("response,gold,gold\nx,1,2\n")
    with pytest.raises(UsageError, match="2 columns are named 'gold'"):
        rescore(path)
    path.write_bytes(b"response,gold\n\xff,1\n")
    with pytest.raises(UsageError, match="line 2: not UTF-8"):
        rescore(path)


def test_the_same_file_gives_the_same_bytes(run, tmp_path):
    path = write(tmp_path / "a.jsonl")
    for folder in ("s", "t"):
        assert run("rescore", path, "--store", tmp_path / folder)[0] == 0
    for name in ("rows.jsonl.gz", "summary.json"):
        assert (tmp_path / "s" / name).read_bytes() == (tmp_path / "t" / name).read_bytes()


def test_more_of_inspect(tmp_path):
    log = tmp_path / "log.json"
    sample = make_sample("a", "x", "2", [{"type": "text", "text": "attachment://k"}])
    sample |= {"attachments": {"k": TEXT.format(2, 0.7)}}
    cut = make_sample("b", 1, ["B", "C"], "word " * 100, choices=["w", "x", "y"])
    make_log(log, samples=[sample])
    run = rescore(log, by=["other"])
    assert [(r.confidence, r.groups) for r in run.rows] == [(0.7, {"level": 3, "other": "x"})]
    assert run.warnings == ()
    make_log(log, samples=[cut])
    with pytest.raises(UsageError, match=r"sample 1: .*'BC'"):  # two letters are no choice
        rescore(log, kind="choice")
    held = json.loads(make_log(log, samples=[{**cut, "target": "5"}]).read_text())
    held["eval"]["model_generate_config"]["max_tokens"] = 100
    held["status"] = "cancelled"
    log.write_text(json.dumps(held))
    run = rescore(log)
    assert run.rows[0].status == "unfinished"
    assert "did not finish" in str(run.warnings[0])


def test_a_damaged_packed_member_is_named(tmp_path):
    path = make_log(tmp_path / "log.eval")
    data = bytearray(path.read_bytes())
    at = data.index(b"samples/b_epoch_1.json") + len("samples/b_epoch_1.json")
    data[at : at + 8] = b"\xff" * 8
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"samples/b_epoch_1.json: damaged"):
        rescore(path)


def test_the_page_names_every_option():
    import re
    from pathlib import Path

    from caopd_bench.cli import build_parser

    page = (Path(__file__).parents[3] / "docs" / "rescore.md").read_text(encoding="utf-8")
    command = build_parser()._subparsers._group_actions[0].choices["rescore"]
    options = set(re.findall(r"--[a-z-]+", command.format_help()))
    assert {option for option in options if option not in page} <= {"--help"}


def test_a_name_with_two_gold_answers_is_said(tmp_path):
    rows = [{**ROWS[0], "gold": "12"}, {**ROWS[1], "gold": "13"}, *ROWS[2:]]
    run = rescore(write(tmp_path / "f.jsonl", rows), item="id")
    assert len({row.item_hash for row in run.rows}) == 4
    assert len(run.warnings) == 1
    assert "1 question names have more than one gold answer" in str(run.warnings[0])
    assert "'a'" in str(run.warnings[0]) or '"a"' in str(run.warnings[0])
    assert not rescore(write(tmp_path / "g.jsonl"), item="id").warnings


def test_advice_is_not_about_lm_eval(run, tmp_path):
    out = run("rescore", write(tmp_path / "f.jsonl"), "--item", "id")[1]
    assert "low parse rate" in out
    assert "--num_fewshot" not in out
    zero = run("rescore", tmp_path / "f.jsonl", "--item", "id", "--missing", "zero")[1]
    assert "count as stated 0" in zero
    assert "parsed rows only" not in zero
