"""Inside other harnesses: stated confidence scored while they evaluate, by our parser and judges.

Start with `promptfoo`, the shortest; `inspect` is what Inspect finds by an entry point, and
`scikit_learn` an estimator for its pipelines.

Imports `core`, `metrics`, `runs` and `tasks`.
"""
