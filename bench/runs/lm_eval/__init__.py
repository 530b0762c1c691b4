"""What `lm_eval --output_path DIR --log_samples` writes: files in, rows out.

Start with `read`.

Imports `answers`, `core`, `flat`, `runs` and `tasks`.
"""
