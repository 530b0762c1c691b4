"""A copy of the checkout, to which a contributor's change is applied."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


class Checkout:
    """Folders of this repository in another place; what runs there imports the copy."""

    def __init__(self, folder, names):
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__", "*.png", "*.svg")
        for name in names:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            options = {"ignore": ignored} if (ROOT / name).is_dir() else {}
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / name, folder / name, **options)
        # As setup.cfg places them: `caopd_bench` is bench/, with tasks/ and metrics/ in it.
        package = folder / "site" / "caopd_bench"
        package.parent.mkdir()
        package.symlink_to(folder / "bench")
        for name in ("metrics", "tasks"):
            (folder / "bench" / name).symlink_to(folder / name)

    def apply(self, diff):
        """Apply a diff of this folder, as CONTRIBUTING shows it."""
        command = ["git", "apply", "--verbose", str(HERE / diff)]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False,
            env={**os.environ, "GIT_CEILING_DIRECTORIES": str(self.folder.parent)},
        )  # fmt: skip
        assert done.returncode == 0, f"{diff} does not apply: write it anew\n{done.stderr}"

    def run(self, *words, **environment):
        """Run `python WORDS` and give what it printed."""
        path = os.pathsep.join([str(self.folder / "site"), os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(
            [sys.executable, *map(str, words)],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def command(self, *words, **environment):
        """Run `caopd-bench WORDS`."""
        code = "import sys; from caopd_bench.cli import main; sys.exit(main(sys.argv[1:]))"
        return self.run("-c", code, *words, **environment)


@pytest.fixture
def checkout(tmp_path):
    """Make a copy of the product and of what is named beside it."""

    def make(*names):
        return Checkout(tmp_path / "checkout", ("bench", "metrics", "tasks", *names))

    return make
