"""How a response is read: its answer and its stated confidence.

Start with `parse`.

Imports nothing of ours.
"""

__all__ = ["PARSER_VERSION"]

#: Stored with rows; raise it when any response is read differently. It is defined here for code
#: that names the parser without reading any text.
PARSER_VERSION = "3"
