"""Point estimates: calibration, proper scores, ranking, selective prediction.

Imports `rows`. Start with `calibration`.
"""
