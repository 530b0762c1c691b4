"""Pages in the window of a telephone, 390 pixels, where every text has no blank to break it at."""

import json

import numpy as np
import pytest

from caopd_bench.cli import main
from caopd_bench.runs.run import Row, Run
from caopd_bench.runs.stored.store import write_stored

WIDTH = 390
#: What stands out to the right, but for what scrolls in a box of its own.
OUTSIDE = """() => [...document.querySelectorAll("body *")].filter((one) =>
  one.getBoundingClientRect().right > document.documentElement.clientWidth + 1
  && !one.closest(".wide") && !one.closest("svg")).map((one) => one.outerHTML.slice(0, 200))"""


def long(text, size=300):
    return (text * size)[:size]


def make_run(name, bias):
    rng = np.random.default_rng(5)
    rows = [
        Row(
            task=long("task"),
            item_hash=f"{long('h')}{i}",
            sample=-1,
            groups={"level": i % 3, long("key"): f"{long('v')}{i % 2}"},
            confidence=float(np.round(min(1.0, rng.random() + bias), 1)) if i % 7 else None,
            correct=int(rng.random() < 0.5),
            status="ok" if i % 7 else "no_confidence",
            answer=long("an"),
            stated=long("st"),
            text=long("te"),
            question=long("qu"),
            gold=long("go"),
        )
        for i in range(60)
    ]
    settings = {
        "version": name,
        "prompt_version": long("p"),
        "num_fewshot": 4,
        "weights": long("w") + name,
        "exemplars": {"set": long("e"), "confidences": ["0.9"]},
        "source": {"set": long("s"), "revision": long("r")},
        "generation": {long("g"): long("v")},
    }
    whole = {
        "model": f"/home/{long(name)}",
        **{key: long(key) for key in ("backend", "dtype", "revision", "lm_eval_version")},
        "gen_kwargs": {long("k"): long("v")},
        "tasks": {long("task"): settings},
    }
    return Run(long(name), "", rows, whole, [long("warning")])


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    home = tmp_path_factory.mktemp("narrow")
    for name, bias in (("a", 0.0), ("b", 0.3), ("c", 0.6)):
        write_stored(make_run(name, bias), [], home / name, with_text=True)
    given = {"method": long("m", 40), "family": long("f", 100), "note": long("n")}
    models = {long(name): given for name in "abc"}
    (home / "models.yaml").write_text(json.dumps({"version": 1, "models": models}))
    number = {
        **{key: long(key, 200) for key in ("model", "task")},
        **{key: long(key) for key in ("source", "certainty")},
        **{"method": "m", "metric": "ece", "value": 0.1},
    }
    (home / "published.yaml").write_text(json.dumps({"version": 1, "numbers": [number]}))
    runs = [str(home / name) for name in "abc"]
    words = [
        "-o",
        str(home / "report.html"),
        "--title",
        long("title"),
        "--by",
        f"level,{long('key')}",
    ]
    words += ["--models", str(home / "models.yaml"), "--published", str(home / "published.yaml")]
    assert main(["report", *runs, *words, "--compare", long("a"), long("b")]) == 0
    policy = {"version": 1, "min_items": 2, "metrics": {"brier": {"margin": 0.1}}}
    policy |= {"tasks": {long("task"): {"by": long("key")}}}
    (home / "policy.yaml").write_text(json.dumps(policy))
    gate = ["gate", "--policy", str(home / "policy.yaml"), "--reference", runs[0], runs[2]]
    assert main([*gate, "--output", str(home / "gate.html")]) in (0, 1, 3)
    return home


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("name", ["report", "gate"])
def test_no_text_widens_a_page(pages, chromium, name, script):
    page = chromium.new_page(viewport={"width": WIDTH, "height": 844}, java_script_enabled=script)
    page.goto(f"file://{pages / name}.html")
    # Of a page without scripts everything is looked at from outside, by Playwright.
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    if name == "report" and script:
        page.select_option("#browser [name=view]", "")
        page.select_option("#browser [name=other]", index=2)
        assert long("go") in page.inner_text("#rows")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= page.evaluate("document.documentElement.clientWidth") == WIDTH
    assert page.evaluate(OUTSIDE) == []
    # Numbers are not broken to make room: their table scrolls.
    cells = page.query_selector_all("td:not(.why):not(.provenance td)")
    numbers = [
        one for one in cells if one.inner_text()[:2] in ("0.", "-0", "+0") and one.is_visible()
    ]
    assert len(numbers) > 3
    assert all(one.bounding_box()["width"] > 30 for one in numbers)
    page.close()
