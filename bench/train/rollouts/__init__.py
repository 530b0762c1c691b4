"""A model's own answers: sampled, judged, and turned into targets for its confidence.

Start with `sample`, then `targets`.

Imports `core`, `tasks`, `text` and `train`.
"""
