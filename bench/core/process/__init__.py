"""A command as a process: streams, signals, exit codes, progress, worker processes.

`caopd-bench --help` loads `run`, `exits` and `progress`, so they stay light. Start with `run`.

Imports `core` and `privacy`.
"""
