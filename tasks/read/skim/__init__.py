"""What of a text need not be read: lines and words that cannot state anything.

Imported by `read.statements`.

Imports nothing of ours.
"""
