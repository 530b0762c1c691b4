"""Read the output of `lm_eval --output_path DIR --log_samples` as rows.

Start with `read`.

Imports `answers`, `core`, `flat`, `runs` and `tasks`.
"""
