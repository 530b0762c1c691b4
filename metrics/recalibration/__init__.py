"""Maps from stated to calibrated confidence, fitted and cross-validated.

Imports `points` and below. Start with `recalibrate`.
"""
