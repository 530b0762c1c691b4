"""Calls of tools in a response.

Imports nothing of ours. Start with `find`.
"""
