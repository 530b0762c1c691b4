"""Shared output of all verdicts: escaping, annotations, and the files.

Start with `files`; `wording` writes the gate's verdicts by these, `thresholds` those of a check.

Imports `core`.
"""
