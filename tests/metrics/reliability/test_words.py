"""Words in a reliability diagram: off what is drawn, and in the place of a band without rows."""

from itertools import pairwise

import numpy as np
import pytest

from caopd_bench.metrics import plot_reliabilities, plot_reliability, reliability_table, tally
from caopd_bench.metrics.reliability import marks, words

#: SmolLM2's: one row at .25, and the rest far above.
FEW = tally(
    [0.25, *[0.85] * 17, 0.91, *[0.92] * 6, *[0.95] * 68, 0.96, 0.99],
    [0, *[1] * 3, *[0] * 14, 0, *[0] * 6, *[1] * 11, *[0] * 57, 0, 0],
)


def test_the_band_is_drawn_where_rows_support_it():
    table = reliability_table(FEW)
    assert words.supported(table).tolist() == [False, True, True, True, True, True, True]
    (band,) = marks.bands_of(table)
    assert band[0][0] == 0.85
    assert [one.word for one in words.wide_labels(table, [])] == ["wide: 1 row"]
    # Many distinct values support each other.
    stated = np.linspace(0.05, 0.95, 200)
    assert words.supported(reliability_table(stated, np.arange(200) % 2)).all()


def test_rows_that_stand_apart_are_counted_together():
    stated = [0.2, 0.21, 0.22, *[0.9] * 60]
    table = reliability_table(stated, [0, 1, 0, *[1, 0] * 30])
    assert [one.word for one in words.wide_labels(table, [])] == ["wide: 3 rows"]
    between = reliability_table([0.2, *[0.5] * 60, 0.8], [0, *[1, 0] * 30, 1])
    assert [one.word for one in words.wide_labels(between, [])] == ["wide: 1 row"] * 2
    (band,) = marks.bands_of(between)  # of a single value, a narrow bar
    assert np.ptp(band[0]) == pytest.approx(0.024)


@pytest.mark.parametrize("seed", range(6))
def test_words_stand_off_all_that_is_drawn(seed):
    rng = np.random.default_rng(seed)
    stated = rng.choice(np.round(rng.random(4 + seed), 2), 30 + 40 * seed)
    table = reliability_table(stated, (rng.random(stated.size) < 0.5).astype(int))
    figure = plot_reliability(table)
    figure.draw_without_rendering()
    (ax,) = figure.axes
    known = ("underconfident", "overconfident", "wide")
    texts = [text for text in ax.texts if text.get_text().startswith(known)]
    boxes = [text.get_window_extent() for text in texts]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
    a = marks.atoms(table)
    circles = ax.transData.transform(np.column_stack([a.confidence, a.accuracy]))
    curve = np.column_stack(marks.curve_of(table))
    steps = np.concatenate([np.linspace(one, two, 50) for one, two in pairwise(curve)] or [curve])
    line = ax.transData.transform(steps)
    for box, text in zip(boxes, texts, strict=True):
        if not text.get_text().startswith("wide"):
            assert not any(box.contains(*place) for place in (*circles, *line))


def test_a_word_without_room_is_left_out():
    stated = np.repeat(np.round(np.linspace(0.05, 0.95, 19), 2), 12)
    table = reliability_table(stated, np.arange(stated.size) % 2)
    taken = [words.Box(-1.0, -1.0, 2.0, 2.0)]
    assert list(words.zone_labels(taken)) == []
    assert list(words.wide_labels(table, taken)) == []


def test_panels_have_the_look_of_their_models():
    table = reliability_table(FEW)
    figure = plot_reliabilities({"a": table, "b": table}, look={"a": ("#123456", "s")})
    first, second = figure.axes
    assert first.get_title("left") == "a"
    assert second.get_title() == "b"  # without a look of its own
    marked = [line for line in first.lines if line.get_marker() == "s"]
    assert [line.get_color() for line in marked] == ["#123456"]
    (legend,) = figure.legends
    assert legend.legend_handles[0].get_markeredgecolor() == marks.GREY
