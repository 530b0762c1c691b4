"""Where the stated confidence is in a text, in characters and in tokens.

Start with `codec`.

Imports `core` and `tasks`.
"""
