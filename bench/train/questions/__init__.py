"""The questions of a training run, and what student and teacher see of them.

Start with `questions`.

Imports `core`, `rollouts`, `tasks` and `text`.
"""
