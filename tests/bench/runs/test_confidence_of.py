"""What a confidence is called, by the settings of a task."""

import pytest

from caopd_bench.runs.confidence_of import (
    STATED,
    join_wordings,
    wording_of,
    wording_of_settings,
)


@pytest.mark.parametrize(
    ("settings", "full"),
    [
        ({}, "stated confidence"),
        ({"confidence": None}, "stated confidence"),
        ({"confidence": "option"}, "stated confidence"),
        ({"confidence": {"of": "text"}}, "stated confidence"),
        ({"confidence": {"of": "option"}}, "probability of the chosen option"),
        (
            {"confidence": {"of": "option", "per": "text"}},
            "probability of the chosen option's whole text",
        ),
        (
            {"confidence": {"of": "option", "per": "character"}},
            "probability of the chosen option per character of its text",
        ),
        (
            {"confidence": {"of": "option", "per": "prior"}},
            "probability of the chosen option relative to its probability without the question",
        ),
        (
            {"confidence": {"of": "option", "per": "given"}},
            "probability of the chosen option as the log gives it",
        ),
        ({"confidence": {"of": "option", "per": ["{}"]}}, "probability of the chosen option"),
    ],
)
def test_settings_name_the_confidence(settings, full):
    wording = wording_of_settings(settings)
    assert wording.full == full
    assert wording.is_stated == (full == "stated confidence")


def test_several_are_named_by_what_they_share(option_runs):
    text, byte = (
        wording_of(option_runs.draw_option_run("a", 3, per=per), option_runs.TASK)
        for per in ("text", "byte")
    )
    assert join_wordings([text, text]) == text
    assert join_wordings([text, byte]).full == "probability of the chosen option"
    assert join_wordings([text, STATED]).name == "confidence"
    assert not join_wordings([text, STATED]).is_stated
    assert join_wordings([STATED, STATED]) == STATED


def test_reasons_of_the_metrics_are_reworded():
    option = wording_of_settings({"confidence": {"of": "option"}})
    for reason in (
        "no row states a usable confidence in both runs",
        "one value stated: no interval",
        "bounds only: 3 of 9 rows could have stated anything in [0, 1]",
    ):
        assert "stat" not in option.reword(reason)
        assert STATED.reword(reason) == reason
