"""A metric is one file, which nothing lists: here one with values below zero."""

import json
import random

#: Under-confident answers: the excess is below 0, where a range of 0 to 1 would cut its limits.
ROWS = [(c, int(random.Random(i).random() < 0.97)) for i in range(80) for c in (0.75, 0.85)]
NAME = "excess_brier"
OF_ROWS = sum((c - y) ** 2 - c * (1 - c) for c, y in ROWS) / len(ROWS)


def show(copy):
    """Add what puts a line into the table, which a page then has to explain."""
    file = copy.folder / "metrics" / "points" / f"{NAME}.py"
    text = file.read_text(encoding="utf-8").replace("import ClosedForm", "import ClosedForm, Shown")
    shown = '    shown=Shown("excess Brier", "Brier score above what the confidences expect"),\n'
    text = text.replace("    interval=", f"{shown}    interval=")
    file.write_text(text, encoding="utf-8")


def write_rows(folder):
    lines = [json.dumps({"c": c, "y": y}) for c, y in ROWS]
    (folder / "rows.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_metric_is_public_has_its_own_limits_and_is_shown(checkout):
    copy = checkout("docs/metrics/README.md")
    copy.apply("metric.diff")
    write_rows(copy.folder)
    code = f"""
import json
import numpy as np
from caopd_bench import metrics as m
rows = [json.loads(line) for line in open("rows.jsonl")]
c, y = np.array([row["c"] for row in rows]), np.array([row["y"] for row in rows])
interval = m.bootstrap(c, y)["{NAME}"]
print(json.dumps([
    [m.{NAME}(c, y), m.{NAME}(m.tally(c, y)), m.summary(c, y)["{NAME}"]],
    [interval.low, interval.high, interval.method],
    m.compare((c, y), (c, 1 - y), metrics=["{NAME}"])["{NAME}"].better,
    "{NAME}" in m.compare((c, y), (c, 1 - y)).changes,
    ["{NAME}" in m.__all__, list(m.METRICS)[-1]],
]))
"""
    values, (low, high, method), better, in_family, public = json.loads(copy.run("-c", code))
    point = values[0]
    assert abs(point - OF_ROWS) < 1e-12
    assert values == [point] * 3
    assert public == [True, NAME]
    assert -0.125 <= low < point < high < 0.0
    assert method == "skewness-adjusted"
    assert not in_family  # the p-values of the others stay what they are
    assert better == "a"

    said, found = score(copy)
    assert found["estimate"] == point
    assert (found["low"], found["high"]) == (low, high)
    assert "xcess" not in said
    show(copy)
    said, again = score(copy)
    assert again == found
    line = next(line for line in said.splitlines() if "excess Brier" in line)
    assert f"{point:+.3f} [{low:+.3f}, {high:+.3f}]" in line
    assert "Brier score above what the confidences expect" in line


def score(copy):
    """Give the table, and the record of the metric in the JSON beside it."""
    columns = ("--confidence-column", "c", "--correct-column", "y")
    said = copy.command("score", "rows.jsonl", *columns, "--json", "out.json")
    records = json.loads((copy.folder / "out.json").read_text(encoding="utf-8"))
    return said, next(record for record in records if record["metric"] == NAME)


def test_the_schema_and_the_table_of_the_pages_follow(checkout):
    copy = checkout("docs/metrics/README.md")
    copy.apply("metric.diff")
    schema = json.loads(copy.command("gate", "--schema"))
    assert NAME in schema["properties"]["metrics"]["propertyNames"]["enum"]
    _, limits = schema["$defs"]["Metrics"]["properties"][NAME]["allOf"]
    assert limits["properties"]["max"] == {"exclusiveMinimum": -0.125, "exclusiveMaximum": 1.0}
    copy.run("-m", "caopd_bench.metrics", "docs/metrics/README.md")
    page = (copy.folder / "docs" / "metrics" / "README.md").read_text(encoding="utf-8")
    words = "the Brier score less its expectation if every confidence were true"
    assert f"| `{NAME}` | {words} | -0.125 to 1 | lower | never |" in page


def test_tests_run_for_it_by_themselves(checkout):
    copy = checkout("tests/metrics/test_registry.py", "tests/metrics/intervals")
    copy.apply("metric.diff")
    tests = ("tests/metrics/test_registry.py", "tests/metrics/intervals/test_influence.py")
    out = copy.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "-k", NAME)
    assert "5 passed" in out, out


def test_a_metric_without_a_range_is_one_clear_error(checkout):
    copy = checkout()
    copy.apply("metric.diff")
    file = copy.folder / "metrics" / "points" / f"{NAME}.py"
    file.write_text(file.read_text().replace("    range=(-0.125, 1.0),\n", ""), encoding="utf-8")
    code = "try:\n import caopd_bench.metrics\nexcept TypeError as error:\n print(error)"
    said = copy.run("-c", code)
    assert said.startswith(f"{NAME} needs a range, such as range=(0.0, 1.0): limits of its")
