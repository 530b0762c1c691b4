"""Which questions there are: sources, their items, downloads, and how they are listed.

Imports nothing of ours but `problems`. Start with `sources`.
"""
