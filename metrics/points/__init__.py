"""Point estimates: calibration, proper scores, ranking, selective prediction.

Start with `calibration`.

Imports `rows`.
"""
