"""Runs whose names are alike when they are shortened stay apart."""

from caopd_bench.cli import main


def test_two_long_names_are_told_apart_in_the_table(tmp_path, capsys):
    specs = []
    for seed in (1, 2):
        file = tmp_path / f"{seed}.csv"
        file.write_text("confidence,correct\n" + "0.9,1\n0.6,0\n" * 20)
        specs.append(f"{'a' * 60}-seed-{seed}-{'b' * 60}={file}")
    assert main(["score", *specs]) == 0
    (head,) = [line for line in capsys.readouterr().out.splitlines() if "estimate [" in line]
    first, second = head.partition("]")[2].split()
    assert first != second
    assert ("-1-" in first, "-2-" in second) == (True, True)
