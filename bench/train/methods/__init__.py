"""The training methods: one file each, with its target and its source.

Start with `opd`, the shortest, then `caopd`.

Imports `questions`, `rollouts` and `text`.
"""

from __future__ import annotations

from caopd_bench.train.methods.caopd import CAOPD, CAOPD_CONSTANT
from caopd_bench.train.methods.dcpo import DCPO
from caopd_bench.train.methods.grpo import GRPO, RLCR
from caopd_bench.train.methods.opd import OPD
from caopd_bench.train.methods.sft import SFT, SFT_MU
from caopd_bench.train.methods.solution import CAOPD_SOLUTION, OPD_SOLUTION
from caopd_bench.train.rollouts.targets import Method

__all__ = ["METHODS"]

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        *(SFT, SFT_MU, OPD, CAOPD, CAOPD_CONSTANT),
        *(OPD_SOLUTION, CAOPD_SOLUTION, GRPO, RLCR, DCPO),
    )
}
