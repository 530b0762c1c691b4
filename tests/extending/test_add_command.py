"""A command is one file, which nothing lists."""

ROWS = '{"confidence": 0.5, "correct": true}\n{"confidence": 1.0, "correct": false}\n'
REFUSED = "from caopd_bench.cli import main; print(int(main(['rows', 'missing'])))"


def test_a_new_command_is_listed_runs_and_ends_with_the_usual_codes(checkout):
    copy = checkout()
    copy.apply("command.diff")
    (copy.folder / "answers.jsonl").write_text(ROWS, encoding="utf-8")
    helped = copy.command("--help")
    assert helped.index("    sweep ") < helped.index("    rows ")
    assert "exit codes: caopd-bench --help" in copy.command("rows", "--help")
    assert copy.command("rows", "answers.jsonl").endswith(": 2\n")
    assert copy.run("-c", REFUSED) == "2\n"
