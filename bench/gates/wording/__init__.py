"""A verdict in words: for a terminal, Markdown, HTML, JUnit, GitHub and JSON.

Imports `gates` and below. Start with `text`.
"""
