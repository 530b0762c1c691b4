"""The report's page: one HTML file that loads nothing and reads without its script.

Imports `report` and below. Start with `assemble`.
"""
