"""The bundled problem set `caopd_math`: how it is generated, and its frozen file.

Start with `problem`, then `generate`; `choose` picks levels and a split.

Imports nothing of ours.
"""

from caopd_bench.tasks.problems.choose import load
from caopd_bench.tasks.problems.generate import generate

__all__ = ["generate", "load"]
