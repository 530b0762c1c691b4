"""Training by TRL: its trainers with our batches and rewards, pinned to a minor release.

Start with `engine`; `contract` checks that TRL still is what we call.
"""
