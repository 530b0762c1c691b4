"""The task folder that lm-eval reads: `caopd_math_conf` and its variants."""
