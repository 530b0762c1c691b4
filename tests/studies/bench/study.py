"""The study of sentences, for tests: pairs of models of which is known what changed."""

import runpy
from pathlib import Path

import numpy as np

from caopd_bench.comparison.sentence import say

STUDY = runpy.run_path(str(Path(__file__).with_name("simulate_sentences.py")))
FAMILIES = STUDY["FAMILIES"]


def draw(name, n, seed):
    return FAMILIES["draw_pair"](name, n, seed)


def told(models):
    found = STUDY["to_comparison"](models)
    return found, say(found)


def share(name, n, draws, test):
    return np.mean([test(*told(draw(name, n, [7, n, i]))) for i in range(draws)])
