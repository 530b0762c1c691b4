"""The sentences of a report: whom they leave out, what "it" is, and nothing that contradicts."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from caopd_bench.report.build import build_report
from caopd_bench.report.findings import find
from caopd_bench.report.page.assemble import render_page

MODELS = runpy.run_path(str(Path(__file__).parents[2] / "studies" / "bench" / "nine_models.py"))
TASK = MODELS["TASK"]
draw_base, nine_models = MODELS["draw_base"], MODELS["nine_models"]
sandbag, write_models = MODELS["sandbag"], MODELS["write_models"]


@pytest.fixture(scope="module")
def nine(tmp_path_factory):
    models = nine_models(300)
    stated, correct = models["base"]
    models["inverted"] = (1 - stated, correct)
    return build_report(write_models(models, tmp_path_factory.mktemp("nine")), samples=0)


def starting(report, head, task=TASK):
    (said,) = [one for one in find(report, task) if one.startswith(head)]
    return said


def test_every_run_that_knows_nothing_is_named_with_its_reason(nine):
    said = starting(nine, "Not shown to separate right answers from wrong ones: ")
    assert "always_wrong_says_0 (all answers wrong: AUROC needs right and wrong answers)" in said
    assert "silent_when_wrong (of those that state a confidence, all answers right: " in said
    assert "silent_on_half_of_wrong (AUROC not above .5 if the answers that state nothing" in said
    assert "inverted (AUROC below .5: wrong answers are stated surer than right ones)" in said
    assert "(AUROC not significantly above .5)" in said
    constant = [one for one in find(nine, TASK) if "so its confidence cannot separate" in one]
    assert {one.partition(" ")[0] for one in constant} >= {"opd_says_1", "acc20_const"}
    named = said.partition(" Therefore")[0] + "".join(constant)
    for entry in nine.entries:
        # No run is left out: who is in no sentence is shown to separate them.
        assert (entry.name in named) != entry.cells[TASK].tells_apart


def test_who_is_left_out_of_the_comparison_is_named(nine):
    assert starting(nine, "recalibrated is").startswith("recalibrated is first of 9: Brier skill ")
    assert starting(nine, "Left out") == (
        "Left out of the comparison of the other 9 runs in Brier skill: always_wrong_says_0 (all "
        "answers wrong: Brier skill needs right and wrong answers)."
    )


def test_runs_of_other_items_are_named_as_left_out(stored, make_rows, store, tmp_path):
    fewer = store(tmp_path, "fewer", make_rows(5, "caopd_math_conf", kind="good", items=60))
    report = build_report([stored / "base", stored / "caopd", fewer], task="caopd_math_conf")
    said = starting(report, "Left out", "caopd_math_conf")
    assert said == (
        "Left out of the comparison of the other 2 runs in Brier skill: fewer (no other run "
        "answered exactly the same items)."
    )


def test_logs_of_unlike_questions_under_one_name_are_told(make_rows, store, tmp_path):
    one = store(tmp_path, "one", make_rows(5, "logged", kind="good", items=60))
    two = store(tmp_path, "two", make_rows(6, "logged", kind="good", items=60))
    other = store(tmp_path, "other", make_rows(5, "logged", kind="good", items=40))
    hint = "rescore FILE --task NAME"
    assert not any(hint in warning for warning in build_report([one, two]).warnings)
    report = build_report([one, two, other])
    (said,) = [warning for warning in report.warnings if hint in warning]
    assert hint in render_page(report)
    assert said.startswith("not all runs of the task logged answered the same items; ")


def test_who_is_first_and_whether_it_is_chance(nine, tmp_path):
    stated, correct = draw_base(300, np.random.default_rng(0))
    models = {"base": (stated, correct), "again": (np.clip(stated - 0.01, 0, 1), correct)}
    models |= {"gave up": sandbag(stated, correct, 0.5)}
    for report in (nine, build_report(write_models(models, tmp_path), samples=0)):
        first = report.standings[TASK].alike()[0]
        said = starting(report, f"{first} is first of ")
        alike = report.standings[TASK].alike()[1:]
        others = report.standings[TASK].compared_with(first)[1:]
        if alike == others:
            assert "but this may be chance: it does not differ significantly from" in said
        else:
            assert ("; the difference from " in said) == bool(alike)
            assert "significantly higher than that of" in said or "listed below it" in said


def test_what_could_have_been_seen_says_of_which_pair(nine):
    said = starting(nine, "Smallest difference in Brier skill that the test finds in four of five")
    found = nine.standings[TASK].detectable
    assert said.endswith(f"for a pair whose interval has the median width: {found:.3f}.")


def test_runs_of_other_items_are_not_said_to_be_uncompared(tmp_path):
    """300 of the 400 items are shared, and accuracies are told apart by their intervals."""
    stated, correct = draw_base(400, np.random.default_rng(0), accuracy=0.55)
    better = np.ones(300)
    better[::5] = 0
    models = {"base": (stated, correct), "other": (np.full(300, 0.8), better)}
    report = build_report(write_models(models, tmp_path), samples=0)
    assert report.standings[TASK].less_accurate == {"base": ["other"]}
    said = find(report, TASK)
    assert said[0] == (
        "No two runs answered exactly the same questions: the runs are ordered by Brier skill, no "
        "difference of skill is tested, and a run counts as less accurate than another only where "
        "the intervals of their accuracies do not overlap."
    )
    # Why the more accurate run stands below is a sentence of its own.
    down = "it is listed below runs with a lower Brier skill for this reason"
    assert any(one.startswith("other states 0.80 in all 300") and down in one for one in said)
    assert not any("not compared" in one for one in said)


def test_numbers_of_a_part_say_so(nine):
    said = starting(nine, "Only some answers state a usable confidence: ")
    assert "silent_when_wrong (65 %)" in said
    assert said.endswith("the other numbers describe only that part.")


def test_a_constant_is_moved_down(tmp_path):
    stated, correct = draw_base(300, np.random.default_rng(0), accuracy=0.3)
    models = {"base": (stated, correct), "constant": (np.full(300, correct.mean()), correct)}
    report = build_report(write_models(models, tmp_path), samples=0)
    said = starting(report, "constant states 0.3")
    assert said.endswith("it is listed below runs with a lower Brier skill for this reason.")
    html = render_page(report)
    assert ">moved down: uninformative confidence</strong>" in html
    assert "set lower" not in html.lower()


def test_many_runs_say_why_nothing_stands_side_by_side(nine):
    html = render_page(nine)
    place = html.index('<section id="side-by-side">')
    assert "--compare BASE CAND" in html[place : html.index("</section>", place)]


def test_cards_of_flat_files_have_no_answers_to_miss(tmp_path):
    for name in "ab":
        lines = "".join(f"0.{i % 9},{(i + (name == 'a')) % 2},q{i:03}\n" for i in range(40))
        (tmp_path / f"{name}.csv").write_text("confidence,correct,item\n" + lines)
    html = render_page(build_report([f"{name}={tmp_path / name}.csv" for name in "ab"]))
    assert "no answer<" not in html
    assert ", no answer" not in html
    assert "score --store DIR --text" not in html
    assert "Flat files hold no questions and texts, only the names of the questions: a, b." in html
    assert '"item":"q000"' in html
    assert "<p>Question q0" in html


def test_better_names_a_model_by_the_adjusted_p_value(tmp_path):
    """Many metrics: one is better by the p-value alone, and by that of Holm it is not."""
    shown = checked = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        stated, correct = draw_base(150, rng)
        noisy = np.round(np.clip(stated + rng.normal(0, 0.1, 150) - 0.02, 0, 1), 2)
        models = {"base": (stated, correct), "cand": (noisy, correct)}
        report = build_report(write_models(models, tmp_path / str(seed)), samples=0)
        (duel,) = report.duels
        html = render_page(report)
        table = html[html.index("every metric, paired") :]
        table = table[: table.index("</table>")]
        for line in table.split('<tr><th scope="row">')[1:]:
            *_, adjusted, better = [cell.partition("</td>")[0] for cell in line.split("<td>")[1:]]
            if better:
                shown += 1
                assert float(adjusted) <= 0.05
        metrics = duel.found.metrics
        checked += sum(
            change.better is not None and metrics.adjusted[metric] > 0.05
            for metric, change in metrics.changes.items()
        )
    assert shown
    assert checked  # metrics that the plain p-value would have named
