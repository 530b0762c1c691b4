"""What a training run tells: evaluations in between, history, progress, why it stopped.

Imports `train.engines` not. Start with `callback`.
"""
