"""Names, groups and provenance that are anything at all: no traceback, nothing but text."""

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from caopd_bench.cli import main
from caopd_bench.runs.run import Row, Run
from caopd_bench.runs.stored.store import write_stored

ODD = "\"><img src=x onerror=alert(1)>\n\ud800\u202e\x00'&{}%$#\\"
#: Wrong types wherever a run may hold them.
PROVENANCE = {
    "model": [1, 2],
    "parameters": [3],
    "date": ["x"],
    "seeds": "abc",
    "gen_kwargs": "temperature=1",
    "model_args": 5,
    "backend": {"a": 1},
    "limit": float("nan"),
    "chat_template_sha": 7,
    "revision": ODD,
    "tasks": {
        ODD: {
            "version": 1.5,
            "generation": {ODD: ODD},
            "source": {"set": ODD},
            "thinking": {"asked": "yes"},
            "exemplars": {"set": None, "confidences": []},
            "num_fewshot": 4,
            "weights": ODD,
        }
    },
}


def hostile_rows(task, n=30):
    return [
        Row(
            task=task,
            item_hash=f"{ODD}{i}",
            sample=-1,
            groups={"level": i % 3, ODD: f"{ODD}{i % 2}", "domain": "d" * 5000 if i % 2 else "e"},
            confidence=(i % 10) / 10,
            correct=int(i % 3 == 0),
            status="ok",
            answer=ODD,
            stated=ODD,
            text=ODD * 3,
            question=ODD,
            gold=ODD,
        )
        for i in range(n)
    ]


@pytest.fixture
def hostile(tmp_path):
    """Folders of runs that are odd in every place."""
    plain = [
        Row("t", f"i{i}", -1, {}, 1.0, 1, "ok", text="", question="", gold="") for i in range(20)
    ]
    silent = [Row("t", f"i{i}", -1, {}, None, 0, "unfinished") for i in range(20)]
    runs = [
        Run(f"{ODD}a", "", hostile_rows(ODD), PROVENANCE),
        Run(f"{ODD}b", "", hostile_rows(ODD), {**PROVENANCE, "parameters": True, "date": 1e300}),
        Run(f"{ODD}c", "", hostile_rows(ODD), {}),
        Run("one row", "", hostile_rows("t", 1), {}),
        Run("all right", "", plain, {}),
        Run("silent", "", silent, {}),
    ]
    for i, run in enumerate(runs):
        write_stored(run, [], tmp_path / str(i), with_text=True)
    return [str(tmp_path / str(i)) for i in range(len(runs))]


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.names, self.attributes = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_every_output_of_hostile_runs(hostile, tmp_path, capsys):
    files = [tmp_path / f"r.{end}" for end in ("html", "md", "tex", "csv", "json")]
    words = [word for file in files for word in ("-o", str(file))]
    words += ["--samples", "all", "--by", "level", "--figures", str(tmp_path / "figures")]
    assert main(["report", *hostile, *words, "--card", str(tmp_path / "card")]) == 0
    html, markdown, _, table, data = (file.read_text(encoding="utf-8") for file in files)
    found = Tags(html)
    assert "img" not in found.names
    assert not {name for name in found.attributes if name.startswith("on")}
    for text in (html, markdown, table):
        assert all(one.isprintable() or one in "\n\t" for one in text)
    assert len(json.loads(data)["runs"]) == 6
    assert "<img" not in markdown.replace("\\<img", "")
    # Two tasks, and no figure over another.
    assert len(list((tmp_path / "figures").glob("*-pareto.svg"))) == 2
    for file in (tmp_path / "figures").glob("*.svg"):
        assert not Tags(file.read_text(encoding="utf-8")).names & {"img", "script"}
    assert len(list((tmp_path / "card").iterdir())) == 6
    assert all(one.isprintable() or one == "\n" for one in capsys.readouterr().err)


def test_the_page_of_hostile_runs_in_a_browser(hostile, chromium, tmp_path):
    file = tmp_path / "r.html"
    assert main(["report", *hostile, "-o", str(file)]) == 0
    page, complaints = chromium.new_page(), []
    for event in ("console", "pageerror", "dialog"):
        page.on(event, lambda found: complaints.append(str(found)))
    page.goto(f"file://{file}")
    page.select_option("#browser [name=view]", "wrong")
    count = len(page.query_selector_all("#rows article"))
    assert count == 10
    again = chromium.new_page()
    again.goto(page.url)
    assert len(again.query_selector_all("#rows article")) == count
    assert complaints == []
    page.close()
    again.close()


#: What LaTeX, a spreadsheet or a reader of YAML would take for something else than a name.
ODD_NAMES = [
    "[2pt] x",
    "*x",
    " [x]",
    "=1+1",
    "'=1",
    "''@a",
    "-2",
    "+x",
    "＝1",
    "'plain",
    "a=1",
    "*",
]


def odd_runs(tmp_path, revision="r"):
    """Store a run of each name, on a task of its name too; give the words for `report`."""
    words = []
    for i, name in enumerate(ODD_NAMES):
        rows = [
            Row(name, f"i{k}", -1, {"g": name}, k % 10 / 10, int(k % 3 == 0), "ok")
            for k in range(20)
        ]
        settings = {"source": {"set": "gsm8k_test", "revision": revision}}
        run = Run(name, "", rows, {"model": name, "tasks": {name: settings}})
        write_stored(run, [], tmp_path / str(i))
        words.append(str(tmp_path / str(i)))
    return words


def test_no_name_is_an_argument_of_latex(tmp_path):
    file = tmp_path / "r.tex"
    assert main(["report", *odd_runs(tmp_path), "-o", str(file)]) == 0
    text = file.read_text()
    # Commands that take an optional argument, through any blanks.
    assert not re.search(r"(\\\\|\\(top|mid|bottom)rule|\\begin\{\w+\}\{?)\s*[\[*]", text)
    rows = re.findall(r"^(.*) & 20 \\\\$", text, re.MULTILINE)
    assert len(rows) == len(ODD_NAMES)
    assert all(row.startswith("{}") for row in rows)


def test_names_of_the_csv_are_those_of_the_json(tmp_path):
    table, data = tmp_path / "r.csv", tmp_path / "r.json"
    words = ["-o", str(table), "-o", str(data), "--by", "g"]
    assert main(["report", *odd_runs(tmp_path), *words]) == 0
    with table.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert not [c for row in rows for c in row.values() if c[:1] in tuple("=+@＝＋－＠")]
    # docs/report.md has this expression.
    unquote = re.compile(r"^'(?='*[=+\-@＝＋－＠])")
    page = Path(__file__).parents[3] / "docs/report.md"
    assert unquote.pattern in page.read_text(encoding="utf-8")
    names = [unquote.sub("", row["run"]) for row in rows]
    assert list(dict.fromkeys(names)) == ODD_NAMES
    records = json.loads(data.read_text())["records"]
    assert [unquote.sub("", row["group"]) for row in rows] == [r["group"] or "" for r in records]


@pytest.mark.parametrize("revision", ["a\ud800b", "a\x1b[31mb", "a\x00b", "a\u2028b", "a\nb: c"])
def test_a_card_holds_printable_text_only(revision, tmp_path):
    words = odd_runs(tmp_path, revision)[:1]
    assert (
        main(["report", *words, "-o", str(tmp_path / "r.md"), "--card", str(tmp_path / "c")]) == 0
    )
    for file in (tmp_path / "c").rglob("*.*"):
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            assert all(one.isprintable() or one == "\n" for one in text)
            for found in read_strings(read_front(text)):
                assert found.isprintable()
                assert found.encode()
    card = read_front((tmp_path / "c" / "_2pt_x/model-index.md").read_text())
    shown = card["model-index"][0]["results"][0]["dataset"]["revision"]
    assert shown == revision.encode("unicode_escape").decode()


def read_front(text):
    return yaml.safe_load(text.removeprefix("---\n").removesuffix("---\n"))


def read_strings(data):
    if isinstance(data, dict):
        for key, value in data.items():
            yield from read_strings(key)
            yield from read_strings(value)
    elif isinstance(data, list):
        for value in data:
            yield from read_strings(value)
    elif isinstance(data, str):
        yield data
