"""Older objects are set aside for a while, unless a caller has done so for good."""

import gc

import pytest

from caopd_bench.core.process.garbage import RARELY, collect_rarely, sparing


@pytest.fixture
def nothing_frozen():
    gc.unfreeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("nothing_frozen")
def test_old_objects_are_set_aside_and_given_back():
    with sparing():
        assert gc.get_freeze_count() > 1000
    assert gc.get_freeze_count() == 0


@pytest.mark.usefixtures("nothing_frozen")
def test_what_a_caller_set_aside_stays_so():
    gc.freeze()
    with sparing(), sparing():
        pass
    assert gc.get_freeze_count() > 1000


@pytest.mark.parametrize(("usual", "meanwhile"), [(700, RARELY), (2 * RARELY, 2 * RARELY), (0, 0)])
def test_a_command_collects_rarely_and_no_more_often_than_its_caller(usual, meanwhile):
    before = gc.get_threshold()
    try:
        gc.set_threshold(usual, *before[1:])
        with collect_rarely(for_good=False):
            assert gc.get_threshold()[0] == meanwhile
        assert gc.get_threshold()[0] == usual
    finally:
        gc.set_threshold(*before)
