"""Training: methods as pure functions, two engines that call them, and micro models.

Start with `settings`, then `run`; the rooms follow a step: `questions`, `rollouts`, `methods`,
`engines`.

Imports `core`, `metrics` and `tasks`.
"""
