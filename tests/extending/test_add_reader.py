"""A format of runs is one file, which nothing lists."""

import json


def test_a_file_of_a_new_format_is_scored_compared_and_stored(checkout):
    copy = checkout()
    copy.apply("reader.diff")
    for name, stated in (("timid", "0.50"), ("sure", "1.00")):
        lines = [f"q{i} {stated} {'wrong' if i % 4 == 0 else 'right'}" for i in range(40)]
        text = "\n".join([*lines, "q40 - wrong", ""])
        (copy.folder / f"{name}.verdicts").write_text(text, encoding="utf-8")
    out = json.loads(copy.command("score", "sure.verdicts", "--json", "-", "--store", "kept"))
    found = {row["metric"]: row["estimate"] for row in out if row["group"] is None}
    assert found["accuracy"] == 30 / 41
    assert found["parse_rate"] == 40 / 41
    assert found["overconfidence_gap"] == 0.25
    assert {row["run"] for row in out} == {"sure"}
    # The others read as before, and a pair is compared whatever its formats.
    assert "kept" in copy.command("compare", "timid=timid.verdicts", "kept=kept")


def test_a_damaged_one_is_a_line(checkout):
    copy = checkout()
    copy.apply("reader.diff")
    (copy.folder / "a.verdicts").write_text("q1 0.5 right\nq2 maybe\n", encoding="utf-8")
    code = "from caopd_bench.cli import main; print(int(main(['score', 'a.verdicts'])))"
    assert copy.run("-c", code) == "2\n"
