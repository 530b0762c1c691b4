"""What a response says: its answer and its stated confidence.

Imports nothing of ours. Start with `parse`.
"""
