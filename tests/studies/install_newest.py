"""Install the newest release of everything that this package asks for (tox -e newest).

The upper bounds of setup.cfg are lifted, so that a bound hides no break; the lower ones stand. Of
torch the release of constraints.txt is installed: newer ones pull gigabytes.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
US = "caopd-bench"
NAME = re.compile(r"([A-Za-z0-9._-]+)\s*(\[[^\]]*\])?\s*([^;]*)")


def lift_bounds(requirements, extras):
    """Give what is asked for with these extras, and those that they name, with lower bounds only.

    >>> lift_bounds(['a<3,>=2; extra == "x"', "caopd-bench[x]; extra == 'y'", "b==1.*"], ["y"])
    ['a>=2', 'b']
    """
    found = {}
    wanted = ["", *extras]
    for extra in wanted:  # grows by the extras that an extra names
        for requirement in requirements:
            said = re.search(r"extra\s*==\s*['\"]([^'\"]+)", requirement)
            if (said.group(1) if said else "") != extra:
                continue
            name, parts, bounds = NAME.match(requirement).groups()
            if name == US:
                named = (parts or "[]")[1:-1].split(",")
                wanted += [one.strip() for one in named if one.strip() not in wanted]
                continue
            lower = [one.strip() for one in bounds.split(",") if one.strip().startswith(">=")]
            found[f"{name}{parts or ''}{','.join(lower)}"] = None
    return sorted(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extras", nargs="+", help="of this package, which is installed")
    options = parser.parse_args()
    lifted = lift_bounds(metadata.requires(US), options.extras)
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(line for line in pinned if line.startswith("torch==")))
        file.flush()
        pip = [sys.executable, "-m", "pip", "install", "--upgrade", "--constraint", file.name]
        subprocess.run([*pip, *lifted], check=True)
    subprocess.run([sys.executable, "-m", "pip", "freeze", "--exclude", US], check=True)


if __name__ == "__main__":
    main()
