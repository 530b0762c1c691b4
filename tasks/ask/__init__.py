"""What a model is asked: prompts, exemplars, the ways of asking, the task class of lm-eval.

Imports `read`, `judge` and `catalogue`. Start with `documents`.
"""
