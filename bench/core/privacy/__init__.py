"""What may be recorded of an evaluation, and what a log holds that nobody else should read.

Imports `core` only. Start with `names` (the settings that are kept) and `keep`.
"""
