"""lm-eval before 0.4.12 resolves `!function` only beside the YAML: the same functions, by name."""

from caopd_bench.tasks.hooks import *  # noqa: F403
from caopd_bench.tasks.sampling import SampledTask  # noqa: F401
