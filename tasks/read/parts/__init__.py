"""Parts of the reading: the lines of a block, objects, and the choice of what counts.

Start with `block`.

Imports `calls` and `read`.
"""
