"""Every function named in the YAML: lm-eval before 0.4.12 looks for `!function` only beside it."""

# ruff: noqa: F401, F403
from caopd_bench.tasks.ask.documents import doc_to_choice, doc_to_target, doc_to_text, load
from caopd_bench.tasks.ask.sample import SampledTask
from caopd_bench.tasks.judge.aggregates import *
from caopd_bench.tasks.judge.judge import judge, judge_given, judge_samples, judge_truth
