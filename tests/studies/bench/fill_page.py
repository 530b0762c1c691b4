"""Write what a script found between two marks of a page."""

import argparse
from pathlib import Path


def fill_page(page, begin, end, text):
    """Replace what stands between the marks; a page without them is left as it is."""
    whole = page.read_text(encoding="utf-8")
    head, _, rest = whole.partition(begin)
    _, found, tail = rest.partition(end)
    if not found:
        raise SystemExit(f"{page}: has no {begin} and {end}")
    page.write_text(f"{head}{begin}\n{text}\n{end}{tail}", encoding="utf-8")


def print_tables(lines, begin, end):
    """Run a script that prints lines, and writes them into the page that --output names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    shown = []
    for line in lines:
        print(line, flush=True)
        shown.append(line)
    if options.output:
        fill_page(options.output, begin, end, "\n".join(shown))
