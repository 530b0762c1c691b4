"""How a response is read: its answer and its stated confidence.

Start with `parse`.

Imports nothing of ours.
"""
