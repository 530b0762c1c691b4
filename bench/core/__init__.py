"""What every room stands on: errors, the terminal, files, the process, and what is kept private.

Imports nothing of ours but `tasks` and `metrics`. Start with `errors`.
"""
