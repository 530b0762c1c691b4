"""What every room stands on: errors, text for terminals, files, processes, privacy.

Start with `errors`: which exception ends a command with which exit code.

Imports nothing of ours.
"""
