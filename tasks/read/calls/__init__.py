"""Tool calls in a response.

Start with `find`.

Imports `read`.
"""
