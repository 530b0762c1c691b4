"""The colour of a name depends as little as possible on the other names of a page."""

from caopd_bench.figures.palette import give_styles


def test_a_name_keeps_its_colour_beside_most_others():
    names = [f"org/model-{i}" for i in range(40)]
    alone = {name: give_styles([name])[name] for name in names}
    # A name looks otherwise only where somebody has its colour, and then never like them.
    kept = 0
    for start in range(40):
        page = [names[(start + 7 * i) % 40] for i in range(4)]
        look = give_styles(page)
        assert len({colour for colour, _ in look.values()}) == 4
        assert look == give_styles(page[::-1])
        for name in page:
            kept += look[name] == alone[name]
            others = {look[other] for other in page if other != name}
            assert look[name] == alone[name] or alone[name] in others
    assert kept > 0.7 * 160
    beside = give_styles(["base", "opd", "caopd", "mine", "yours"])
    assert {beside[name] for name in ("base", "opd", "caopd")}.isdisjoint(
        beside[name] for name in ("mine", "yours")
    )
