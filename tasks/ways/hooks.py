"""lm-eval before 0.4.12 resolves `!function` only beside the YAML: the same functions, by name."""

from caopd_bench.tasks.ask.hooks import *  # noqa: F403
from caopd_bench.tasks.ask.sample import SampledTask  # noqa: F401
