"""Inside other harnesses: stated confidence scored while they evaluate, by our parser and judges.

Start with `promptfoo`, the shortest.

Imports `runs` and `tasks`.
"""
