"""Which settings of a run may be stored, and how keys and private paths are kept out.

Start with `names` (the settings that are kept) and `keep` (how a value is cleaned).

Imports `core`.
"""
