"""Assemble the report as one HTML file that loads nothing and is readable without scripts."""

from __future__ import annotations

from collections.abc import Iterator

from caopd_bench._version import __version__
from caopd_bench.report.build import Report
from caopd_bench.report.drawings.draw import Drawing, draw_probes, draw_task
from caopd_bench.report.duels import FEW
from caopd_bench.report.findings import find
from caopd_bench.report.page.document import Section, asset, render_document
from caopd_bench.report.page.duels import render_duel
from caopd_bench.report.page.folded import render_more, render_pairs
from caopd_bench.report.page.glossary import render_glossary
from caopd_bench.report.page.lead import render_lead, render_limits
from caopd_bench.report.page.markup import code, name, number, row, table, text
from caopd_bench.report.page.models import render_model
from caopd_bench.report.page.provenance import render_provenance
from caopd_bench.report.page.samples import dump, fit_samples, render_samples
from caopd_bench.report.page.table import render_filters, render_standings, say_size
from caopd_bench.report.page.vector import to_inline_svg

__all__ = ["render_page"]

#: Maximum number of tasks with figures on the page; each adds a second and 300 kB.
DRAWN_TASKS = 4
BROAD = ("reliability", "histograms")
#: Figures that have a row of their own, with the text beside them.
BESIDE = ("risk-coverage", "probes")
#: Heading of the section that explains the terms on the page.
GLOSSARY = "How to read it"
#: Text that the script writes before the confidence of a row.
STATES = '"states "'


def render_page(report: Report, *, beside: str | None = None) -> str:
    """Return the report as an HTML page.

    Parameters
    ----------
    report : Report
    beside : str, optional
        Name of the file with all rows, if one is written next to the page.
    """
    script = asset("page.js")
    if not report.wording().is_stated:  # also if the runs mix both kinds
        script = script.replace(STATES, '"confidence "')
    sections = dict(_sections(report))
    provenance = render_provenance(report)
    data, cap = fit_samples(report, sum(map(len, sections.values())) + len(provenance))
    sections["Samples"] = render_samples(report, data, cap, beside)
    sections["Provenance"] = provenance
    sections[GLOSSARY] = render_glossary(report)
    return render_document(
        report.title,
        render_lead(report, f'<a href="#{_slug(GLOSSARY)}">{GLOSSARY}</a>'),
        [Section(_slug(head), head, inner) for head, inner in sections.items()],
        skip="the standings",
        footer=f"Made by caopd-bench {text(__version__)} from the runs alone: "
        f"{code('caopd-bench score')} recomputes every number here from their rows, "
        f"{code('caopd-bench threshold')} the certified cuts, and Brier skill is "
        "1 - Brier / (accuracy (1 - accuracy)) with the upper worst-case bound of Brier.",
        data=dump(data),
        script=script,
    )


def _sections(report: Report) -> Iterator[tuple[str, str]]:
    findings = "".join(_findings(report, task) for task in report.tasks)
    pairs = "".join(render_pairs(report, task) for task in report.tasks)
    yield (
        "Standings",
        f'<div class="findings">{findings}</div>{_warnings(report)}{render_filters(report)}'
        f"{render_standings(report)}{render_more(report)}{pairs}{render_limits(report)}",
    )
    figures = "".join(_figures(report))
    if figures:
        yield "Figures", figures
    if report.duels:
        yield "Side by side", "".join(render_duel(report, duel) for duel in report.duels)
    elif len(report.entries) > FEW:
        yield (
            "Side by side",
            f"<p>Of more than {FEW} runs, two are compared question by question only if they are "
            f"named: {code('caopd-bench report ... --compare BASE CAND')}, once for each pair.</p>",
        )
    if report.probes:
        yield "Probes", _probes(report)
    if report.published:
        yield "Published", _published(report)
    yield "Runs", "".join(render_model(report, entry) for entry in report.entries)


def _warnings(report: Report) -> str:
    said = "".join(f"<li>{text(warning, 600)}</li>" for warning in report.warnings)
    return f'<ul class="warnings">{said}</ul>' if said else ""


def _findings(report: Report, task: str) -> str:
    said = "".join(f"<li>{text(sentence)}</li>" for sentence in find(report, task))
    return f"<section><h3>{name(task)}</h3><ul>{said}</ul></section>" if said else ""


def _figures(report: Report) -> Iterator[str]:
    drawn = report.tasks[:DRAWN_TASKS]
    for i, task in enumerate(drawn):
        inner = "".join(
            _figure(drawing, f"t{i}-{drawing.name}") for drawing in draw_task(report, task)
        )
        if inner:
            yield f'<h3>{name(task)}</h3><div class="figures">{inner}</div>'
    if len(report.tasks) > len(drawn):
        yield (
            f"<p>Figures of the first {len(drawn)} of {len(report.tasks)} tasks; all of them: "
            f"{code('caopd-bench report ... --figures DIR')}.</p>"
        )


def _figure(drawing: Drawing, salt: str) -> str:
    is_broad = drawing.name in BROAD
    kind = ' class="broad"' if is_broad else ' class="beside"' if drawing.name in BESIDE else ""
    image = to_inline_svg(drawing.figure, salt, f"{drawing.title}. {drawing.caption}")
    if is_broad:
        image = f'<div class="wide" tabindex="0" role="group">{image}</div>'
    return (
        f"<figure{kind}><figcaption><b>{text(drawing.title)}.</b> {text(drawing.caption)}"
        f"</figcaption>{image}</figure>"
    )


def _probes(report: Report) -> str:
    rows = []
    for record in report.probes:
        values = [
            record.metric.replace("_", " "),
            number(record.estimate),
            f"[{number(record.low)}, {number(record.high)}]" if record.low == record.low else "",
            record.n,
            record.reason,
        ]
        head = f"{name(record.run)} on {name(record.task)} {name(record.group or '')}".strip()
        rows.append(row(head, values))
    heads = (
        "Model",
        "number",
        "estimate",
        f"{100 * report.level:g}&nbsp;% interval",
        "n",
        "why not",
    )
    caption = "Without and with the teacher's context: success, stated confidence, optimism bias"
    figures = "".join(_figure(drawing, drawing.name) for drawing in draw_probes(report))
    return f'<div class="figures">{figures}</div>{table(caption, heads, rows)}'


def _published(report: Report) -> str:
    rows = [
        row(
            name(one.model),
            [
                one.method or "",
                say_size(one.size),
                one.task,
                one.metric,
                f"{one.value:g}",
                one.source,
                one.certainty or "",
            ],
        )
        for one in report.published
    ]
    heads = ("Model", "method", "size", "task", "metric", "value", "source", "how sure")
    inner = table("Published by others, not measured here", heads, rows)
    return (
        f'<div class="published"><p>These numbers were <b>published, not measured</b>: other '
        f"prompts, parsers and items. Nothing above uses them.</p>{inner}</div>"
    )


def _slug(head: str) -> str:
    return head.lower().replace(" ", "-")
