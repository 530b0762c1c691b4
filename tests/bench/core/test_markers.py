"""Nothing that a run is called, or says, is a command to the CI runner that prints it."""

import gzip
import json
import re
import shutil
import sys
import unicodedata
from types import SimpleNamespace

import numpy as np
import pytest

from caopd_bench.cli import main
from caopd_bench.core import markers
from caopd_bench.core.markers import (
    break_markers,
    escape_markers,
    guard_streams,
    print_command,
)
from caopd_bench.core.terminal import inline
from caopd_bench.runs.run import Row, Run
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.scores.score import score

#: Texts that some runner obeys; the first half at the start of a line only.
MARKS = [
    "::error file=a.py,line=1::boom",
    " ::set-output name=a::b",
    "--- group",
    "\n::add-mask::secret",
    "\ufe0f::stop-commands::x",
    "+++ group",
    "a ##[error]boom",
    "##vso[task.complete result=Failed;]x",
    "b ##teamcity[buildProblem description='x']",
    "section_start:1560896352:one\r\x1b[0Khead",
    "travis_fold:start:one\r\x1b[0K",
    "~~~ ##octopus[stdout-error] @@continua[x]",
    "^^^ +++",
]
#: GitHub's commands, written down apart from the product's own list.
COMMAND_NAMES = [
    *("add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group"),
    *("internal-set-repo-path", "notice", "remove-matcher", "save-state", "set-env", "set-output"),
    *("stop-commands", "warning"),
]
#: Ranges of printable characters that a comparison passes over.
UNSEEN = [(0x34F, 0x34F), (0x180B, 0x180D), (0x180F, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF)]
#: What runners look for, written down apart from the product's own list.
ANYWHERE = re.compile(
    r"##\w*\[|@@\w*\[|section_(start|end):|travis_(fold|time):|RUNDECK:DATA:"
    r"|::(error|warning|notice|debug|group|endgroup|add-mask|set-output|set-env|stop-commands)\b",
    re.IGNORECASE,
)
FIRST = ("::", "---", "+++", "~~~", "^^^")


def find_commands(text):
    """List the lines that a runner would obey."""
    found = []
    for line in re.split(r"[\r\n]", text):
        # .NET compares without what a language ignores: format characters, variation selectors.
        seen = "".join(
            c for c in line if unicodedata.category(c) != "Cf" and not "\ufe00" <= c <= "\ufe0f"
        )
        if ANYWHERE.search(seen) or seen.strip().startswith(FIRST):
            found.append(line)
    return found


@pytest.mark.parametrize("mark", MARKS)
def test_every_mark_is_found_and_broken(mark):
    assert find_commands(mark)
    for text in (mark, f"a {mark}", f"  {mark}", f"a\n{mark}\r{mark}"):
        broken = break_markers(text)
        assert not find_commands(broken)
        assert broken.replace("\\", "") == text.replace("\\", "")
        assert break_markers(broken) == broken
    assert not find_commands(inline(mark))


@pytest.mark.parametrize("name", COMMAND_NAMES)
def test_every_command_is_broken_within_a_line_too(name):
    for text in (f"a::{name}::b", f"a ::{name.upper()} x=1::b", f"a::{name}"):
        broken = break_markers(text)
        assert f"::{name}" not in broken.lower()
        assert broken.replace("\\", "") == text
        assert break_markers(broken) == broken
    # A longer word is another one.
    for text in (f"a::{name}s", f"a::{name}-x", f"a::x{name}"):
        assert break_markers(text) == text


def test_no_command_is_missing_here():
    assert markers._COMMANDS.split("|") == COMMAND_NAMES


@pytest.mark.parametrize(
    "unseen", [chr(one) for first, last in UNSEEN for one in sorted({first, last})], ids=ascii
)
def test_what_a_comparison_passes_over_hides_no_mark(unseen):
    for mark in (f":{unseen}:error::x", f"{unseen}::error::x", f"a:{unseen}:{unseen}error::x",
                 f"a #{unseen}#[error]x", f"a ##{unseen}vso[x]", f"a ##v{unseen}so[x]",
                 f" {unseen} --{unseen}- x"):  # fmt: skip
        broken = break_markers(mark)
        assert broken != mark
        assert broken.replace("\\", "") == mark
        seen = broken.replace(unseen, "")
        assert not find_commands(seen)
        assert break_markers(broken) == broken


def test_all_that_is_passed_over_is_tried():
    characters = "".join(map(chr, range(sys.maxunicode + 1)))
    found = [ord(one) for one in re.findall(f"[{markers._UNSEEN}]", characters)]
    assert found == [one for first, last in UNSEEN for one in range(first, last + 1)]


@pytest.mark.parametrize("sign", "-+~^")
def test_every_sign_of_a_group_is_broken(sign):
    mark = sign * 3
    for text in (f"{mark} x", f"  {mark} x", f"a\n{mark}", f"a\r{mark} x", f"{mark}{mark}"):
        broken = break_markers(text)
        assert not any(line.strip().startswith(mark) for line in re.split(r"[\r\n]", broken))
        assert not find_commands(broken)
        assert broken.replace("\\", "") == text
    assert break_markers(f"a {mark} x") == f"a {mark} x"


@pytest.mark.parametrize("behind", ["", "x" * 300 + " "])
@pytest.mark.parametrize("length", [10, 40, 64])
@pytest.mark.parametrize("signs", ["##", "@@"])
def test_a_long_mark_in_two_pieces(signs, length, behind, capsys):
    mark = f"{signs}{'w' * length}["
    for cut in range(1, len(mark)):
        with guard_streams():
            for piece in (behind, mark[:cut], mark[cut:], "\n"):
                sys.stdout.write(piece)
        assert capsys.readouterr().out == f"{behind}{mark[:-1]}\\[\n"


@pytest.mark.parametrize(
    "text",
    ["caopd_math_conf", "std::vector<int>", "tests/a.py::test_b", "## head", "C#", "a -- b", "-1",
     "#[derive]", "a:b", "x ::y", "section_starts: 1", "- - -", "--json", "@@ -1,2 +1,3 @@"],
)  # fmt: skip
def test_ordinary_names_stay_as_they_are(text):
    assert break_markers(text) == text
    assert inline(text) == text


@pytest.mark.parametrize("mark", MARKS)
def test_json_has_other_spellings_of_the_same_text(mark):
    plain = [{mark: [mark, {"a": mark}]}, mark * 2]
    for text in (json.dumps(plain), json.dumps(plain, indent=1), json.dumps(plain, indent="\t")):
        written = escape_markers(text)
        assert json.loads(written) == plain
        assert not find_commands(written)
        assert break_markers(written) == written


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_marks_written_in_pieces_are_broken(mark, size, capsys):
    text = f"{mark}\nlong {'x' * 300} {mark} \n{mark}"
    with guard_streams():
        for stream in (sys.stdout, sys.stderr):
            for start in range(0, len(text), size):
                assert stream.write(text[start : start + size]) <= size
            stream.writelines(["##", "[a", "\n", ":", ":b"])
    out, err = capsys.readouterr()
    assert out == err
    bad = [line for line in find_commands(out) if not line.startswith("long")]
    assert bad == []
    # In the middle of a line only what counts there is broken once it is out.
    assert not re.search(r"##\w*\[|@@\w*\[|section_start:|travis_fold:", out)
    assert out.replace("\\", "") == f"{text}##[a\n::b".replace("\\", "")


def test_our_own_command_passes_the_guard(capsys):
    with guard_streams():
        print_command("::error title=x::y")
        print("::error title=x::y")
    assert capsys.readouterr().out == "::error title=x::y\n:\\:error title=x::y\n"


def test_the_guard_goes_and_passes_on_what_it_does_not_know():
    before = sys.stdout
    with guard_streams(), guard_streams():
        assert sys.stdout.encoding == before.encoding
        assert not sys.stderr.isatty()
    assert sys.stdout is before


class Odd:
    """Files of runs whose every field is a mark, another one in each field."""

    def __init__(self, home, shift):
        self.home, self.shift, self.taken = home, shift, 0
        home.mkdir()
        self.task = self.mark()
        self.key = self.mark()
        rng = np.random.default_rng(0)
        base = self.rows(rng.random((120, 2)))
        sure = [{**vars_of(row), "confidence": 1.0, "status": "ok"} for row in base]
        few = base[:20]
        self.names = [self.mark(), f"{self.mark()}'", f'{self.mark()}"']
        for folder, rows, name in zip(
            ("base", "sure", "few"), (base, [Row(**r) for r in sure], few), self.names, strict=True
        ):
            run = Run(name, "", rows, self.provenance())
            write_stored(run, score(run), home / folder, with_text=True)
        self.write_files()

    def mark(self):
        self.taken += 1
        return MARKS[(self.shift + self.taken) % len(MARKS)]

    def path(self, name):
        """Give a file or folder whose name is a mark; names hold no slash."""
        return self.home / f"{self.mark()}{name}".replace("/", "")

    def rows(self, drawn):
        marks = [self.mark() for _ in range(8)]
        return [
            Row(
                task=self.task,
                item_hash=f"{marks[0]}{i}",
                sample=-1,
                groups={self.key: f"{marks[1 + i % 2]}{i % 2}", "level": i % 3},
                confidence=float(np.round(a, 1)) if i % 10 else None,
                correct=int(b < a),
                status="ok" if i % 10 else "no_confidence",
                answer=marks[3],
                stated=marks[4],
                text=marks[5],
                question=f"{marks[6]}{i}",
                gold=marks[7],
            )
            for i, (a, b) in enumerate(drawn)
        ]

    def provenance(self):
        settings = {
            "version": self.mark(),
            "num_fewshot": 4,
            "prompt_version": self.mark(),
            "weights": self.mark(),
            "exemplars": {"set": self.mark(), "confidences": ["0.9"]},
            "source": {"set": self.mark(), "revision": self.mark(), "seed": self.mark()},
            "generation": {self.mark(): self.mark()},
            "thinking": {"asked": True},
        }
        return {
            "model": self.mark(),
            "backend": self.mark(),
            "dtype": self.mark(),
            "gen_kwargs": {self.mark(): self.mark()},
            "tasks": {self.task: settings},
        }

    def write_files(self):
        home = self.home
        with gzip.open(home / "flat.jsonl.gz", "wt", encoding="utf-8") as stream:
            for i in range(40):
                row = {"confidence": i % 10 / 10, "correct": i % 2, self.key: f"{self.mark()}"}
                stream.write(json.dumps(row) + "\n")
        logged = [
            {"response": f"{self.mark()}\nAnswer: {i}\nConfidence: 0.{i % 9 + 1}", "gold": str(i),
             "g": self.mark(), "item": f"{self.mark()}{i % 20}"}
            for i in range(40)
        ]  # fmt: skip
        lines = "".join(json.dumps(one) + "\n" for one in logged)
        self.logged = self.path(".jsonl")
        self.logged.write_text(lines)
        self.train = self.path(".jsonl")
        self.train.write_text("".join(json.dumps({self.key: r["response"]}) + "\n" for r in logged))
        metrics = {"brier": {"margin": 0.04}}
        for name, policy in {
            "good": {"version": 1, "metrics": metrics, "tasks": {self.task: {"by": self.key}}},
            "lacks": {"version": 1, "metrics": metrics, "tasks": {self.mark(): {}}},
            "odd": {"version": 1, "metrics": {self.mark(): {"margin": 1}}, self.mark(): 1},
        }.items():
            (home / f"{name}.yaml").write_text(json.dumps(policy))
        models = {name: {"method": "m", "family": self.mark()} for name in self.names}
        (home / "models.yaml").write_text(json.dumps({"version": 1, "models": models}))
        published = {
            **{key: self.mark() for key in ("model", "method", "task", "source", "certainty")},
            "metric": "ece",
            "value": 0.1,
        }
        text = json.dumps({"version": 1, "numbers": [published]})
        (home / "published.yaml").write_text(text)
        broken = shutil.copytree(home / "base", self.path("broken"))
        summary = json.loads((broken / "summary.json").read_text())
        (broken / "summary.json").write_text(json.dumps({**summary, self.mark(): 1}))
        self.broken = broken
        self.copy = shutil.copytree(home / "base", self.path("copy"))
        self.void = self.path("nothing")


def vars_of(row):
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


#: Each gives the words of a command, of the files and fields of `Odd`.
COMMANDS = {
    "score": lambda o: ["score", o.home / "base", o.home / "sure", "--by", o.key],
    "score, named": lambda o: ["score", f"{o.mark().strip()}={o.home / 'base'}"],
    "score as JSON": lambda o: ["score", o.copy, "--json", "-", "--by", o.key],
    "score to a file": lambda o: ["score", o.copy, "--json", o.path(".json"), "--store", o.void],
    "score a flat file": lambda o: ["score", o.home / "flat.jsonl.gz", "--by", o.key],
    "score, no such task": lambda o: ["score", o.copy, "--task", o.mark()],
    "score, no such run": lambda o: ["score", o.void],
    "score, several": lambda o: ["score", o.home],
    "score, no such column": lambda o: ["score", o.logged, "--confidence-column", o.mark()],
    "score --panel": lambda o: ["score", "--panel", o.copy],
    "score --reparse": lambda o: ["score", "--reparse", o.copy],
    "score, broken": lambda o: ["score", o.broken],
    "rescore": lambda o: ["rescore", o.logged, "--by", "g", "--item", "item", "--task", o.mark()],
    "rescore, misnamed": lambda o: ["rescore", o.logged, "--response", o.mark()],
    "rescore, kind": lambda o: ["rescore", o.logged, "--kind", o.mark()],
    "compare": lambda o: ["compare", o.home / "base", o.home / "sure", "--by", o.key],
    "compare as JSON": lambda o: ["compare", o.home / "base", o.home / "sure", "--json", "-"],
    "compare, unpaired": lambda o: ["compare", "--unpaired", o.home / "base", o.home / "few"],
    "compare, no such task": lambda o: ["compare", o.copy, o.copy, "--task", o.mark()],
    "compare, strict": lambda o: ["compare", "--strict", o.home / "base", o.home / "sure"],
    "gate": lambda o: ["gate", "--reference", o.home / "base", o.home / "sure"],
    "gate, of few": lambda o: ["gate", "--reference", o.home / "base", o.home / "few"],
    "gate, policy": lambda o: [
        *("gate", "--policy", o.home / "good.yaml", "--reference", o.copy, o.home / "sure"),
    ],
    "gate, lacking task": lambda o: [
        *("gate", "--policy", o.home / "lacks.yaml", "--reference", o.copy, o.home / "sure"),
    ],
    "gate, odd policy": lambda o: ["gate", "--policy", o.home / "odd.yaml", o.home / "sure"],
    "gate --plan": lambda o: ["gate", "--plan", "--reference", o.home / "base"],
    "gate --self-test": lambda o: ["gate", "--self-test", "--reference", o.home / "base"],
    "gate --suggest-margins": lambda o: [
        *("gate", "--suggest-margins", "--reference", o.home / "base", o.home / "sure"),
    ],
    "baseline init": lambda o: [
        *("baseline", "init", o.home / "base", "--output", o.path("made"), "--reason"),
        *(o.mark().replace("\n", " "), "--aa", o.copy),
    ],
    "baseline init, no reason": lambda o: [
        *("baseline", "init", o.home / "base", "--output", o.path("made"), "--reason", "a\nb"),
    ],
    "baseline show": lambda o: ["baseline", "show", o.copy],
    "baseline verify": lambda o: ["baseline", "verify", o.copy],
    "baseline update": lambda o: [
        *("baseline", "update", o.home / "sure", "--output", o.copy, "--reason", o.mark().strip()),
    ],
    "report": lambda o: [
        *("report", *(o.home / name for name in ("base", "sure", "few")), "--by", o.key),
        *(word for end in ("md", "tex", "csv", "json") for word in ("-o", o.path(f"r.{end}"))),
        *("--title", o.mark(), "--models", o.home / "models.yaml"),
        *("--published", o.home / "published.yaml", "--card", o.path("card")),
    ],
    "report, misnamed": lambda o: ["report", o.copy, "-o", o.path(".md"), "--compare", "a", "b"],
    "report, odd models": lambda o: ["report", o.copy, "-o", "a.md", "--models", o.logged],
    "tasks --overlap": lambda o: [
        *("tasks", "--overlap", o.train, "--task", "caopd_math_conf", "--field", o.key),
    ],
    "tasks --overlap, misnamed": lambda o: [
        *("tasks", "--overlap", o.train, "--task", "caopd_math_conf", "--field", o.mark()),
    ],
    "tasks --plan": lambda o: ["tasks", "--plan", o.mark()],
    "train": lambda o: [
        *("train", "--method", "caopd", "--model", o.path("model"), "--output", o.path("out")),
        *("--task", o.mark()),
    ],
    "train, settings": lambda o: ["train", "--config", o.home / "odd.yaml", "--output", "out"],
    "sweep": lambda o: ["sweep", o.home / "odd.yaml", "--output", o.path("sweep")],
    "fetch-model": lambda o: ["fetch-model", o.mark(), "--output", o.path("model")],
    "no such command": lambda o: [o.mark()],
    "no such option": lambda o: ["score", o.copy, f"--x{o.mark()}", o.mark()],
}


@pytest.fixture(scope="module", params=[0, 5])
def odd(request, tmp_path_factory):
    return Odd(tmp_path_factory.mktemp("marks") / "in", request.param)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.filterwarnings("ignore")  # of what numpy or matplotlib think of so few rows
def test_no_output_is_a_command(command, odd, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    words = [str(word) for word in COMMANDS[command](odd)]
    try:
        code = main(words)
    except SystemExit as error:  # of argparse
        code = error.code
    assert code != 70
    out, err = capsys.readouterr()
    assert out + err
    lines = out.splitlines(keepends=True)
    ours = [line for line in lines if line.startswith("::") and command.startswith("gate")]
    assert all(re.match(r"::(error|warning) title=Calibration gate [A-Z]+::", one) for one in ours)
    rest = "".join(line for line in lines if line not in ours)
    assert find_commands(rest) == []
    assert find_commands(err) == []
    assert all(one.isprintable() or one == "\n" for one in rest + err)
    if command.endswith("JSON"):
        assert json.loads(out)


def test_a_verdict_still_annotates(odd, capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    words = ["gate", "--reference", str(odd.home / "base"), str(odd.home / "sure")]
    assert main(words) == 1
    annotations = [x for x in capsys.readouterr().out.splitlines() if x.startswith("::error title")]
    assert len(annotations) == 1
    # What follows the second pair of colons is data, and holds no mark of another runner.
    assert find_commands(SimpleNamespace(data=annotations[0].split("::", 2)[2]).data) == []
