"""Training by TRL: its trainers with our batches and rewards, for one minor release.

Start with `engine`; `contract` checks that TRL still is what we call.

Imports `core`, `engines`, `methods`, `questions`, `rollouts`, `tasks`, `text`, `train` and `watch`.
"""
