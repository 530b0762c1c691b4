"""Convert a matplotlib figure to SVG for a page: no styles, unique ids, colours of the page.

The page's Content-Security-Policy allows no inline styles, ids of several figures would collide,
and black is unreadable on a dark page, so black becomes the colour of the surrounding text.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["save_png", "save_svg", "to_inline_svg"]

SVG = "http://www.w3.org/2000/svg"
LINK = "{http://www.w3.org/1999/xlink}href"
#: Replacements for matplotlib's black and for white that marks empty space.
OWN = {
    "#000000": "currentColor",
    "black": "currentColor",
    "#6b6b6b": "var(--soft)",
    "#ffffff": "var(--paper)",
}
#: The `font` shorthand that matplotlib writes; SVG accepts only its parts as attributes.
FONT = re.compile(r"(?:(?P<weight>bold|\d{3}) )?(?P<size>[\d.]+px) (?P<family>.+)")


def save_svg(figure: Figure, salt: str) -> bytes:
    """Return a figure as SVG that keeps text as text; equal figure and salt yield equal bytes."""
    import matplotlib

    buffer = io.BytesIO()
    settings: Any = {"svg.hashsalt": salt, "svg.fonttype": "none", "font.family": "sans-serif"}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # Names may use a script that matplotlib's font lacks, but the reader's fonts have.
        warnings.filterwarnings("ignore", "Glyph|Matplotlib currently does not support")
        figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    return buffer.getvalue()


def to_inline_svg(figure: Figure, salt: str, label: str) -> str:
    """Return a figure as an SVG element for a page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    salt : str
        Different for every figure of the page, so that ids do not collide.
    label : str
        Text alternative for readers who cannot see the figure.
    """
    root = ElementTree.fromstring(save_svg(figure, salt))
    for dropped in ("metadata", "style"):
        for parent in list(root.iter()):
            for child in parent.findall(f"{{{SVG}}}{dropped}"):
                parent.remove(child)
    used = _used_ids(root)
    for element in root.iter():
        _restyle(element)
        if element.get("id") not in used:
            element.attrib.pop("id", None)
        elif element.get("id"):
            element.set("id", f"{salt}-{element.get('id')}")
        _point_to(element, salt)
    root.set("role", "img")
    root.set("aria-label", label)
    # The figure fills its container, but is never larger than it was drawn.
    width = root.attrib.pop("width", "")
    root.attrib.pop("height", None)
    root.set("class", "figure")
    if width.endswith("pt"):
        root.set("width", f"{float(width[:-2]) * 4 / 3:.0f}")
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    text = ElementTree.tostring(root, encoding="unicode")
    # HTML parsers need no namespace declarations for inline SVG.
    return re.sub(r' xmlns(:\w+)?="[^"]*"', "", text).replace("xlink:href", "href")


def _used_ids(root: ElementTree.Element) -> set[str | None]:
    used: set[str | None] = set()
    for element in root.iter():
        for name, value in element.attrib.items():
            if name == LINK and value.startswith("#"):
                used.add(value[1:])
            used |= set(re.findall(r"url\(#([^)]+)\)", value))
    return used


def _point_to(element: ElementTree.Element, salt: str) -> None:
    for name, value in list(element.attrib.items()):
        if name == LINK and value.startswith("#"):
            element.set(name, f"#{salt}-{value[1:]}")
        elif "url(#" in value:
            element.set(name, value.replace("url(#", f"url(#{salt}-"))


def _restyle(element: ElementTree.Element) -> None:
    for declaration in filter(None, element.attrib.pop("style", "").split(";")):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            found = FONT.fullmatch(value)
            if found:
                element.set("font-size", found["size"])
                if found["weight"]:
                    element.set("font-weight", found["weight"])
        else:
            element.set(name, value)
    element.attrib.pop("font-family", None)  # the page's font applies
    for name in ("fill", "stroke"):
        if element.get(name) in OWN:
            element.set(name, OWN[element.get(name) or ""])
    # Text without its own colour would be drawn in black.
    if element.tag == f"{{{SVG}}}text" and element.get("fill") is None:
        element.set("fill", "currentColor")


def save_png(figure: Figure) -> bytes:
    """Return a figure as PNG with a white background."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph|Matplotlib currently does not support")
        figure.savefig(buffer, format="png", dpi=160, metadata={"Software": None})
    return buffer.getvalue()
