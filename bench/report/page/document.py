"""Frame of a self-contained HTML page: its head, Content-Security-Policy and sections.

The page opens from disk. It loads nothing, and its policy allows only the style and the scripts
that it contains.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from caopd_bench.report.page.markup import text

__all__ = ["Section", "asset", "render_document"]


class Section(NamedTuple):
    """A section of a page.

    Attributes
    ----------
    slug : str
        The section's id, used in links.
    head : str
    inner : str
        Markup, already escaped.
    """

    slug: str
    head: str
    inner: str


def render_document(
    title: str,
    lead: str,
    sections: Iterable[Section],
    *,
    skip: str,
    footer: str,
    data: str = "",
    script: str = "",
) -> str:
    """Return a complete HTML page.

    Parameters
    ----------
    title : str
        Plain text; it is escaped here.
    lead, footer : str
        Markup, already escaped.
    sections : iterable of Section
    skip : str
        Name of the first section, such as "the standings", for the link that skips to it.
    data : str
        JSON for the script, escaped for HTML; used only with a script.
    script : str
        JavaScript to run in the page; if empty, the policy allows no script.
    """
    parts = list(sections)
    links = "".join(f'<li><a href="#{part.slug}">{part.head}</a></li>' for part in parts)
    body = "".join(
        f'<section id="{part.slug}"><h2>{part.head}</h2>{part.inner}</section>\n' for part in parts
    )
    style = asset("page.css")
    policy = "default-src 'none'; base-uri 'none'; form-action 'none'; "
    policy += f"style-src '{_hash(style)}'"
    end = ""
    if script:
        policy += f"; script-src '{_hash(script)}'"
        end = f'<script type="application/json" id="samples-data">{data}</script>\n'
        end += f"<script>{script}</script>\n"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{text(title)}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#{parts[0].slug}">Skip to {skip}</a>
<header>
<h1>{text(title, 200)}</h1>
<p class="lead">{lead}</p>
</header>
<nav aria-label="Sections"><ul>{links}</ul></nav>
<main>
{body}</main>
<footer>{footer}</footer>
{end}</body>
</html>
"""


def asset(file: str) -> str:
    """Read a text file from the folder of this module."""
    return files("caopd_bench.report.page").joinpath(file).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return f"sha256-{b64encode(sha256(content.encode()).digest()).decode()}"
