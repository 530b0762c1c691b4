"""A command as a process: streams, signals, exit codes, progress, worker processes.

`caopd-bench --help` loads `command`, `exits` and `progress`, so they stay light. Start with
`command`.

Imports `core` and `privacy`.
"""
