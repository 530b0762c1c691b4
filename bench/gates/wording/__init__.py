"""A verdict as text: for a terminal, Markdown, HTML, JUnit, GitHub and JSON.

Start with `text`; `write` chooses the format by the name of the file.

Imports `comparison`, `core`, `formats`, `gates`, `metrics`, `runs`, `scores` and `tasks`.
"""
