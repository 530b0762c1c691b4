"""The two ways to take a training step: on this machine, or by TRL's trainers.

Start with `local`; `losses` holds the arithmetic.

Imports `core`, `methods`, `questions`, `rollouts`, `tasks`, `text`, `train` and `watch`.
"""
