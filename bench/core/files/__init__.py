"""Files as this program writes and reads them: whole or not at all, in bounded memory.

Imports `core` only. Start with `write` (replace a file) and `folders` (replace a folder).
"""
