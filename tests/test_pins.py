"""What the examples run on a user's machine is named by its content: actions, images."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(
    not (ROOT / "action.yml").exists(), reason="the repository's files are not here"
)
USES = re.compile(r"^\s*(?:-\s+)?uses:\s*(.+?)\s*$", re.M)
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
# Of this project's own release the commit cannot stand in the release.
OWN = re.compile(r"OWNER/caopd-bench@COMMIT # v\d+\.\d+\.\d+: put in the 40 digits of its commit")
IMAGE = re.compile(r"[\w./:-]+:\d+\.\d+\.\d+[\w.-]*@sha256:[0-9a-f]{64}")


def texts():
    """Give the pages and YAML files of the repository."""
    files = [path for kind in ("*.yml", "*.yaml", "*.md") for path in ROOT.rglob(kind)]
    shown = [
        path
        for path in files
        if not any(
            part.startswith(".") and part != ".github" for part in path.relative_to(ROOT).parts
        )
    ]
    return {path: path.read_text(encoding="utf-8") for path in shown}


def find_unpinned(text):
    """List the actions of a text that are not named by commit and version."""
    return [word for word in USES.findall(text) if not (PINNED.fullmatch(word) or OWN.match(word))]


@pytest.mark.parametrize(
    "word",
    [
        "actions/checkout@v4",
        "actions/checkout@main",
        "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd",
        "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6",
        "actions/checkout@de0fac2 # v6.0.2",
        "./local",
    ],
)
def test_the_check_finds_what_is_not_pinned(word):
    assert find_unpinned(f"steps:\n  - uses: {word}\n") == [word]
    assert find_unpinned(f"steps:\n  - name: x\n    uses: {word}\n") == [word]


def test_every_action_is_named_by_its_commit():
    found = {path: find_unpinned(text) for path, text in texts().items()}
    assert {path: words for path, words in found.items() if words} == {}
    used = [word for text in texts().values() for word in USES.findall(text)]
    assert len([word for word in used if PINNED.fullmatch(word)]) >= 3


def test_one_version_of_an_action_has_one_commit():
    commits = {}
    for text in texts().values():
        for name, commit, version in re.findall(r"uses: (\S+)@([0-9a-f]{40}) # (\S+)", text):
            commits.setdefault((name, version), set()).add(commit)
    assert all(len(found) == 1 for found in commits.values()), commits


def test_workflows_may_only_read():
    workflow = yaml.safe_load((ROOT / "docs/ci/github-workflow.yml").read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in workflow["jobs"].values())
    (checkout,) = [
        step
        for step in workflow["jobs"]["gate"]["steps"]
        if step.get("uses", "").startswith("actions/checkout@")
    ]
    assert checkout["with"] == {"persist-credentials": False}


def test_images_are_named_by_digest():
    gitlab = yaml.safe_load((ROOT / "docs/ci/gitlab.yml").read_text())
    images = [job["image"] for job in gitlab.values() if "image" in job]
    assert images
    for image in images:
        assert IMAGE.fullmatch(image), image
