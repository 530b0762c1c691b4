"""Read logs of Inspect (inspect_ai): the samples of a log, and the answer of each.

Start with `samples` (which samples, in which files), then `fields` (what is kept of one) and
`answers` (what that says); `shuffled` finds the order in which options were shown.

Imports `core` and `runs`.
"""
