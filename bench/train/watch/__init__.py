"""What can be seen of a training run: evaluations, history, progress, why it stopped.

Start with `callback`.

Imports `core`, `metrics`, `questions`, `rollouts`, `tasks`, `text` and `train`.
"""
