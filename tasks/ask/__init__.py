"""How a model is asked: prompts, exemplars, the documents of each way, lm-eval's task class.

Start with `documents`.

Imports `catalogue`, `judge`, `problems` and `read`.
"""
