"""Our Sobol points are SciPy's, to the bit."""

import numpy as np
import pytest
from scipy.stats import qmc

from caopd_bench.metrics.rows.sobol import DIRECTIONS, sobol_points


@pytest.mark.parametrize("dimension", [1, 2, 3, 10, 20, len(DIRECTIONS) + 1, len(DIRECTIONS) + 2])
@pytest.mark.parametrize("count", [1, 64, 2048])
def test_the_points_are_those_of_scipy(dimension, count):
    expected = qmc.Sobol(dimension, scramble=False).random(count)
    assert np.array_equal(sobol_points(dimension, count), expected)
