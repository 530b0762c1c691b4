"""`python -m caopd_bench`: the command line, for launchers that start modules."""

import sys

from caopd_bench.cli import main

if __name__ == "__main__":
    sys.exit(main())
