"""Runs that were asked in another way are named: by what their files do not say, too."""

import pytest

from caopd_bench import gate
from caopd_bench.comparison.comparability import find_differences
from caopd_bench.core.errors import NotComparableError
from caopd_bench.gates.policy import Policy
from caopd_bench.gates.wording.text import render_text

TASK = "caopd_math_conf"
PENALTY = {"repetition_penalty": 1.1}


@pytest.fixture
def make(populations):
    def make(name, **settings):
        return populations.make_run(*populations.draw(300, 1), name, settings=settings)

    return make


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ({}, PENALTY, "nothing against repetition_penalty=1.1"),
        (PENALTY, {}, "repetition_penalty=1.1 against nothing"),
        (
            {"no_repeat_ngram_size": 3, **PENALTY},
            {"repetition_penalty": 1.3, "no_repeat_ngram_size": 3},
            "repetition_penalty=1.1 against repetition_penalty=1.3",
        ),
        (None, PENALTY, "not recorded against repetition_penalty=1.1"),
        (PENALTY, None, "repetition_penalty=1.1 against not recorded"),
        (PENALTY, PENALTY, None),
        ({}, {}, None),
        (None, {}, None),
        (None, None, None),
    ],
)
def test_what_a_checkpoint_does_to_its_decoding(make, ours, theirs, said):
    base, cand = make("base", effective_generation=ours), make("cand", effective_generation=theirs)
    found = [str(one) for one in find_differences(base, cand, [TASK])]
    text = render_text(gate(cand, Policy(version=1), reference=base))
    if said is None:
        assert found == []
        assert gate(cand, Policy(version=1), reference=base, strict=True).outcome == "PASS"
        return
    note = f"{TASK}: decoding added by generation_config.json: {said}"
    assert found == [note]
    assert f"note: {note}" in text
    with pytest.raises(NotComparableError, match="--strict: the runs differ in 1 setting"):
        gate(cand, Policy(version=1), reference=base, strict=True)


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ("2", None, "parser: 2 against not recorded"),
        (None, "2", "parser: not recorded against 2"),
        ("2", "2", None),
        (None, None, None),
    ],
)
def test_a_parser_that_one_run_does_not_name(make, ours, theirs, said):
    base, cand = make("base", parser_version=ours), make("cand", parser_version=theirs)
    notes = gate(cand, Policy(version=1), reference=base).notes
    assert (f"{TASK}: {said}" in notes) == (said is not None)
    if said:
        with pytest.raises(NotComparableError, match="--strict"):
            gate(cand, Policy(version=1), reference=base, strict=True)


def test_files_of_confidences_name_none(make):
    """What read them is not known either."""
    base = make("base", parser_version="2")
    cand = make("cand", source={"columns": {"item": "item"}, "files": 1, "format": "csv"})
    assert [one.setting for one in find_differences(base, cand, [TASK])] == ["parser"]


def test_no_options_in_two_spellings_are_no_difference(make):
    """One caller of lm-eval writes null and another {}; without exemplars nothing is in turns."""
    base, cand = make("base", num_fewshot=0), make("cand", num_fewshot=0)
    base.provenance.update(gen_kwargs=None, fewshot_as_multiturn=True)
    cand.provenance.update(gen_kwargs={}, fewshot_as_multiturn=None)
    assert find_differences(base, cand, [TASK]) == []
    for run in (base, cand):
        run.provenance["tasks"][TASK]["num_fewshot"] = 4
    cand.provenance["gen_kwargs"] = {"temperature": 1.0}
    found = [one.setting for one in find_differences(base, cand, [TASK])]
    assert found == ["exemplars as turns", "generation options"]
