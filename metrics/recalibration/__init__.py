"""Maps from stated to calibrated confidence, fitted and cross-validated.

Start with `recalibrate`.

Imports `rows`.
"""
