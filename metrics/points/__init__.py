"""Point estimates: calibration, proper scores, ranking, selective prediction.

Files here are found automatically. Each metric is one function with its arithmetic, under a
decorator that holds everything else about the metric (`definition`).

Start with `means`.

Imports `definition`, `limits`, `metric_parts` and `rows`.
"""
