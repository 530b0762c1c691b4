"""caopd-bench: can I believe this model's stated confidence?"""

from caopd_bench._version import __version__

__all__ = ["__version__"]
