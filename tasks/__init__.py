"""The lm-eval plug-in: prompts, the parser, the verifiers, the problems and the tasks."""
