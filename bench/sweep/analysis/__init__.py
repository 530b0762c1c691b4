"""What the cells of a sweep say: claims that are judged, numbers and figures.

Imports `sweep.grid` and below. Start with `spec`.
"""
