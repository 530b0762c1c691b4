"""The foundation of all other packages: errors, terminal text, files, processes, privacy.

Start with `errors`: which exception ends a command with which exit code.

Imports nothing of ours.
"""
