"""Training: methods as pure functions, two engines that call them, and micro models.

Start with `settings`; the rooms follow a step: `questions`, `rollouts`, `methods`, `engines`.

Imports `cli`, `core`, `metrics` and `tasks`.
"""
