"""Families of pairs of models whose difference is known, for what `compare` says of them.

Each takes a number of items and a generator, and returns two `Model`: what they state on all rows
(also where a run keeps silent), what is right, and which rows state a usable confidence.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit, ndtri

REDECODED = 0.6  # share of the rows that a rerun answers again


class Model(NamedTuple):
    stated: np.ndarray
    right: np.ndarray
    parsed: np.ndarray
    item: np.ndarray  # the question of each row


class Law(NamedTuple):
    """How a model answers and what it states.

    `shape`: "over" (a band around `stated`), "calibrated" (the probability of being right),
    "tied" (the same in steps of .25 and overconfident), "constant".
    """

    accuracy: float = 0.65
    distance: float = 1.81  # between right and wrong answers in what is felt; AUROC .90
    shape: str = "over"
    stated: float = 0.90
    grid: float = 0.01


class Draw:
    """Items, and what any model shares on them."""

    def __init__(self, questions, rng, samples=1):
        self.n, self.rng = questions * samples, rng
        self.item = np.repeat(np.arange(questions), samples)
        self.ease = rng.standard_normal(questions)[self.item]
        self.luck, self.felt = rng.standard_normal((2, self.n))

    def again(self, share=REDECODED):
        """Give luck and feeling of a rerun: a share of the rows is drawn anew."""
        new = self.rng.random(self.n) < share
        luck, felt = (
            np.where(new, self.rng.standard_normal(self.n), old) for old in (self.luck, self.felt)
        )
        return luck, felt

    def model(self, law, *, rerun=False, right=None, felt_as=None):
        luck, felt = self.again() if rerun else (self.luck, self.felt)
        if right is None:
            right = answer(self.ease, luck, law.accuracy)
        felt = law.distance * (right if felt_as is None else felt_as) + felt
        return Model(state(felt, law), right, np.ones(self.n, bool), self.item)


def answer(ease, luck, accuracy):
    """Answer by a common ease of the item and luck, right with the probability given."""
    return ((ease + luck) / np.sqrt(2.0) < ndtri(accuracy)).astype(int)


def state(felt, law):
    if law.shape == "constant":
        return np.full(felt.shape, law.stated)
    probability = expit(logit(law.accuracy) + law.distance * felt - law.distance**2 / 2.0)
    if law.shape == "calibrated":
        stated = probability
    elif law.shape == "tied":
        stated = law.stated + 0.25 * np.round((probability - law.accuracy) * 2.0) / 2.0
    else:
        stated = law.stated + 0.05 * (felt - law.distance * law.accuracy)
    return np.clip(np.round(stated / law.grid) * law.grid, 0.0, 1.0)


def shift(model, by, grid=0.01):
    return model._replace(stated=np.clip(np.round((model.stated + by) / grid) * grid, 0.0, 1.0))


def turn(model, rng, *, to_right=0.0, to_wrong=0.0):
    """Turn a share of the wrong answers right, or of the right ones wrong, at random."""
    chance = rng.random(model.right.size)
    right = np.where(model.right == 0, chance < to_right, chance >= to_wrong)
    return model._replace(right=right.astype(int))


def silence(model, rows):
    return model._replace(parsed=model.parsed & ~rows)


OVER = Law()
CALIBRATED = Law(distance=1.2, shape="calibrated", grid=0.05)
FINE = Law(distance=1.2, shape="calibrated", grid=0.001)
TIED = Law(distance=1.2, shape="tied", stated=0.85)
WEAK = Law(accuracy=0.41, distance=0.0, shape="constant", stated=0.30)

FAMILIES = {}
SAMPLES = {}  # of a question, where there are several


def family(name, samples=1):
    def register(function):
        FAMILIES[name] = function
        SAMPLES[name] = samples
        return function

    return register


def equal(law):
    def draw(d):
        return d.model(law), d.model(law, rerun=True)

    return draw


for _name, _law in (
    ("equal, overconfident", OVER),
    ("equal, calibrated", CALIBRATED),
    ("equal, calibrated, 1,000 values", FINE),
    ("equal, few values", TIED),
):
    family(_name)(equal(_law))


family("equal, four samples a question", samples=4)(equal(OVER))


@family("half of the wrong answers right, same confidences")
def _(d):
    base = d.model(OVER)
    return base, turn(base, d.rng, to_right=0.5)


@family("accuracy +.10 at random, same law of confidence")
def _(d):
    base, again = d.model(OVER), d.model(OVER, rerun=True)
    return base, turn(again, d.rng, to_right=0.10 / 0.35)


@family("accuracy +.05 at random, same law of confidence")
def _(d):
    base, again = d.model(OVER), d.model(OVER, rerun=True)
    return base, turn(again, d.rng, to_right=0.05 / 0.35)


@family("accuracy -.10 at random, same law of confidence")
def _(d):
    base, again = d.model(OVER), d.model(OVER, rerun=True)
    return base, turn(again, d.rng, to_wrong=0.10 / 0.65)


@family("calibrated, accuracy +.12, same law of confidence")
def _(d):
    base, again = d.model(CALIBRATED), d.model(CALIBRATED, rerun=True)
    return base, turn(again, d.rng, to_right=0.12 / 0.35)


@family("states .05 less, overconfident before")
def _(d):
    return d.model(OVER), shift(d.model(OVER, rerun=True), -0.05)


@family("states .10 less, overconfident before")
def _(d):
    return d.model(OVER), shift(d.model(OVER, rerun=True), -0.10)


@family("states .05 less, four samples a question", samples=4)
def _(d):
    return d.model(OVER), shift(d.model(OVER, rerun=True), -0.05)


@family("states .10 less, calibrated before")
def _(d):
    return d.model(CALIBRATED), shift(d.model(CALIBRATED, rerun=True), -0.10)


@family("accuracy +.10 and states .10 more")
def _(d):
    base, again = d.model(CALIBRATED), d.model(CALIBRATED._replace(accuracy=0.75), rerun=True)
    return base, again


@family("a constant at its accuracy, overconfident before")
def _(d):
    return d.model(OVER), d.model(Law(shape="constant", stated=0.65), rerun=True)


@family("a constant at its accuracy, calibrated before")
def _(d):
    return d.model(FINE), d.model(Law(shape="constant", stated=0.65), rerun=True)


@family("OPD: accuracy +.15, states 1.00")
def _(d):
    law = Law(accuracy=0.80, shape="constant", stated=1.0)
    return d.model(OVER), d.model(law, rerun=True)


@family("confidences permuted")
def _(d):
    base, again = d.model(OVER), d.model(OVER, rerun=True)
    return base, again._replace(stated=d.rng.permutation(again.stated))


@family("confidences overstretched")
def _(d):
    base, again = d.model(CALIBRATED), d.model(CALIBRATED, rerun=True)
    return base, again._replace(stated=np.where(again.stated > 0.5, 1.0, 0.0))


@family("accuracy -.16 and states .25 less")
def _(d):
    base, again = d.model(OVER), d.model(OVER, rerun=True)
    return base, shift(turn(again, d.rng, to_wrong=0.16 / 0.65), -0.25)


@family("always wrong, states 0")
def _(d):
    base = d.model(OVER)
    return base, base._replace(stated=np.zeros(d.n), right=np.zeros(d.n, int))


@family("accuracy .41 to .18, all state .30")
def _(d):
    return d.model(WEAK), d.model(WEAK._replace(accuracy=0.18), rerun=True)


@family("states .50 less: as far below as it was above")
def _(d):
    return d.model(OVER), shift(d.model(OVER, rerun=True), -0.50)


@family("accuracy .85 to .60, states .95 and .60")
def _(d):
    base = d.model(OVER._replace(accuracy=0.85, stated=0.95))
    return base, d.model(OVER._replace(accuracy=0.60, stated=0.60), rerun=True)


@family("constants .15 below their accuracy and at it, .25 and .50")
def _(d):
    laws = [Law(accuracy=x, shape="constant", stated=y) for x, y in ((0.25, 0.15), (0.50, 0.50))]
    return d.model(laws[0]), d.model(laws[1], rerun=True)


@family("AUROC .75 to .85, both silent on 5 % at random")
def _(d):
    models = (
        d.model(OVER._replace(distance=0.95)),
        d.model(OVER._replace(distance=1.47), rerun=True),
    )
    return tuple(silence(x, d.rng.random(d.n) < 0.05) for x in models)


@family("OPD, both silent on 5 % at random")
def _(d):
    law = Law(accuracy=0.80, shape="constant", stated=1.0)
    models = d.model(OVER), d.model(law, rerun=True)
    return tuple(silence(x, d.rng.random(d.n) < 0.05) for x in models)


@family("base silent on a quarter of its wrong answers")
def _(d):
    base, again = d.model(OVER), d.model(OVER, rerun=True)
    return silence(base, (base.right == 0) & (d.rng.random(d.n) < 0.25)), again


@family("silent on a third of the wrong answers, states 1.00 there")
def _(d):
    base, again = d.model(OVER._replace(distance=0.95)), d.model(OVER, rerun=True)
    quiet = (again.right == 0) & (d.rng.random(d.n) < 1 / 3)
    again = again._replace(stated=np.where(quiet, 1.0, np.round(again.stated - 0.1, 2)))
    return base, silence(again, quiet)


@family("lower when wrong: states .15 less there")
def _(d):
    base, again = d.model(OVER), d.model(OVER, rerun=True)
    return base, again._replace(stated=np.round(again.stated - 0.15 * (1 - again.right), 2))


@family("calibrated, AUROC .67 to .88")
def _(d):
    law = Law(distance=0.62, shape="calibrated", grid=0.05)
    return d.model(law), d.model(law._replace(distance=1.66), rerun=True)


@family("recalibrated (CaOPD): accuracy +.15, calibrated")
def _(d):
    law = CALIBRATED._replace(accuracy=0.80, distance=1.81)
    return d.model(OVER), d.model(law, rerun=True)


@family("from OPD to CaOPD, same accuracy")
def _(d):
    opd = d.model(Law(accuracy=0.70, shape="constant", stated=1.0))
    return opd, d.model(CALIBRATED._replace(accuracy=0.70), rerun=True)


@family("underconfident, accuracy -.12 to meet it")
def _(d):
    law = CALIBRATED._replace(accuracy=0.70)
    base, again = (shift(d.model(law, rerun=x), -0.25) for x in (False, True))
    return base, turn(again, d.rng, to_wrong=0.12 / 0.70)


@family("constants, each at its accuracy, .50 and .75")
def _(d):
    laws = [Law(accuracy=x, shape="constant", stated=x) for x in (0.50, 0.75)]
    return d.model(laws[0]), d.model(laws[1], rerun=True)


@family("accuracy +.10, states .05 less")
def _(d):
    base, again = d.model(OVER), d.model(OVER, rerun=True)
    return base, shift(turn(again, d.rng, to_right=0.10 / 0.35), -0.05)


@family("accuracy +.15, states .05 more")
def _(d):
    base, again = d.model(OVER), d.model(OVER, rerun=True)
    return base, shift(turn(again, d.rng, to_right=0.15 / 0.35), 0.05)


@family("silent on all wrong answers")
def _(d):
    base, again = d.model(OVER), d.model(OVER, rerun=True)
    return base, silence(again, again.right == 0)


@family("silent on a quarter of the wrong answers")
def _(d):
    base, again = d.model(OVER), d.model(OVER, rerun=True)
    return base, silence(again, (again.right == 0) & (d.rng.random(d.n) < 0.25))


@family("both silent on 5 % at random, equal")
def _(d):
    base, again = d.model(OVER), d.model(OVER, rerun=True)
    return tuple(silence(x, d.rng.random(d.n) < 0.05) for x in (base, again))


@family("both silent on 5 % at random, states .10 less")
def _(d):
    base, again = d.model(OVER), shift(d.model(OVER, rerun=True), -0.10)
    return tuple(silence(x, d.rng.random(d.n) < 0.05) for x in (base, again))


@family("states .10 more when wrong, and silent on half of the wrong answers")
def _(d):
    base, again = d.model(OVER), d.model(OVER, rerun=True)
    again = again._replace(
        stated=np.clip(np.round(again.stated + 0.10 * (1 - again.right), 2), 0.0, 1.0)
    )
    return base, silence(again, (again.right == 0) & (d.rng.random(d.n) < 0.5))


def draw_pair(name, n, seed):
    """Draw a family on n questions; the same seed gives the same rows."""
    return FAMILIES[name](Draw(n, np.random.default_rng(seed), SAMPLES[name]))
