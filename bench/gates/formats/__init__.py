"""What verdicts of every kind are written with: escaping, annotations, the files they go to.

Start with `files`; `wording` writes the gate's verdicts by these, `thresholds` those of a check.

Imports `core`.
"""
