"""Decide which settings of a run may be stored, and remove secrets and private paths.

Start with `names` (the settings that are kept) and `keep` (how a value is cleaned).

Imports `core`.
"""
