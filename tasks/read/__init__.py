"""How a response is read: its answer and its stated confidence.

Start with `parse`.

Imports nothing of ours.
"""

__all__ = ["PARSER_VERSION"]

#: Stored with rows; raise it when any response is read differently. It stands here for those who
#: name the parser and read no text.
PARSER_VERSION = "3"
