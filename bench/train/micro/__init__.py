"""Micro models, pretrained from scratch in minutes and overconfident by construction.

Start with `corpus`, then `pretrain`.

Imports `core`, `tasks` and `train`.
"""
