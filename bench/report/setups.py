"""Which runs of a task were asked otherwise than most: marked, and never compared silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from caopd_bench.comparison.comparability import Difference, find_differences
from caopd_bench.report.entries import Entry

__all__ = ["odd_ones"]


def odd_ones(task: str, entries: Sequence[Entry]) -> dict[str, list[Difference]]:
    """Give for each run of a task how it differs from what most of them were asked by.

    The first of the commonest setup is the reference; runs that differ in nothing are left out.
    """
    members = [entry for entry in entries if task in entry.cells]
    if len(members) < 2:
        return {}
    # By how each differs from the first: equal differences are an equal setup.
    setups = [tuple(map(str, _compare(task, members[0], entry))) for entry in members]
    commonest = Counter(setups).most_common(1)[0][0]
    reference = members[setups.index(commonest)]
    found = {
        entry.name: _compare(task, reference, entry)
        for entry, setup in zip(members, setups, strict=True)
        if setup != commonest
    }
    return {name: differences for name, differences in found.items() if differences}


def _compare(task: str, base: Entry, cand: Entry) -> list[Difference]:
    """List the differences that `compare` names, and the parser, for which it refuses."""
    found = find_differences(base.head, cand.head, [task])
    versions = [entry.head.settings(task).get("parser_version") for entry in (base, cand)]
    if None not in versions and versions[0] != versions[1]:
        found.append(Difference(task, "parser", str(versions[0]), str(versions[1])))
    return found
