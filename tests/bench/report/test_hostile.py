"""Names, groups and provenance that are anything at all: no traceback, nothing but text."""

import json
from html.parser import HTMLParser

import pytest

from caopd_bench.cli import main
from caopd_bench.rows import Row, Run
from caopd_bench.stored import write_stored

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
    assert count == 20
    again = chromium.new_page()
    again.goto(page.url)
    assert len(again.query_selector_all("#rows article")) == count
    assert complaints == []
    page.close()
    again.close()
