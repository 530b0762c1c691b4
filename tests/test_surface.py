"""Public names, commands, options and exit codes are those that users know."""

import json
import runpy
from pathlib import Path

HERE = Path(__file__).parent


def test_nothing_that_users_build_on_changed_unseen():
    """What is added, renamed or removed is written down: `write_surface.py`, and the CHANGELOG."""
    found = runpy.run_path(str(HERE / "write_surface.py"))["describe_surface"]()
    known = json.loads((HERE / "surface.json").read_text(encoding="utf-8"))
    assert json.loads(json.dumps(found)) == known
