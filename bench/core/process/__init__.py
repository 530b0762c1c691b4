"""A command as a process: streams, signals, exit codes, progress, helper processes.

Imports `core` only; at start-up nothing heavy. Start with `run`.
"""
