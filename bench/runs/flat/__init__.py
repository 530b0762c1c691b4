"""Files of rows (CSV, JSON lines, Parquet) that no harness of ours wrote.

Imports `runs` and below. Start with `read`.
"""
