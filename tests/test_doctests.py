"""Every example in the documentation holds."""

import doctest
import importlib
import pkgutil
import sys

import pytest

import caopd_bench.metrics
import caopd_bench.tasks

# These import what only a training run, lm-eval or Inspect loads.
HOSTED = (
    "caopd_bench.hosts.inspect",
    "caopd_bench.tasks.ask.sample",
    "caopd_bench.tasks.own",
    "caopd_bench.tasks.ways.hooks",
    "caopd_bench.train.engines.trl.batches",
    "caopd_bench.train.engines.trl.shared",
    "caopd_bench.train.engines.trl.trainers",
    "caopd_bench.train.watch.callback",
)
# What the examples of a module need, where a Python has no torch.
NEEDS = {
    "caopd_bench.sweep.run.texts": "lm_eval",
    "caopd_bench.train.engines.losses": "torch",
    "caopd_bench.train.micro.tokenizer": "tokenizers",
    "caopd_bench.train.watch.nonfinite": "torch",
}
PACKAGES = (caopd_bench, caopd_bench.metrics, caopd_bench.tasks)
# A wheel lists those of metrics and tasks twice.
MODULES = sorted(
    {
        module.name
        for package in PACKAGES
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if module.name not in HOSTED
    }
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    importlib.import_module(name)
    # Not getattr of the package: there, `tally` is the function.
    assert doctest.testmod(sys.modules[name]).failed == 0


def test_everything_public_has_an_example_or_is_data():
    for name in caopd_bench.metrics.__all__:
        thing = getattr(caopd_bench.metrics, name)
        if callable(thing) and not isinstance(thing, type):
            assert ">>>" in thing.__doc__, name
