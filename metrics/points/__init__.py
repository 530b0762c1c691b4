"""Point estimates: calibration, proper scores, ranking, selective prediction.

A file here is found by itself. Each metric is its arithmetic, under a row of all that is known of
it (`definition`).

Start with `means`.

Imports `definition`, `limits` and `rows`.
"""
