"""Every example in the documentation holds."""

import doctest
import importlib
import pkgutil
import sys

import pytest

import caopd_bench.metrics

MODULES = sorted(module.name for module in pkgutil.iter_modules(caopd_bench.metrics.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    full = f"caopd_bench.metrics.{name}"
    importlib.import_module(full)
    # Not getattr of the package: there, `tally` is the function.
    assert doctest.testmod(sys.modules[full]).failed == 0


def test_everything_public_has_an_example_or_is_data():
    for name in caopd_bench.metrics.__all__:
        thing = getattr(caopd_bench.metrics, name)
        if callable(thing) and not isinstance(thing, type):
            assert ">>>" in thing.__doc__, name
