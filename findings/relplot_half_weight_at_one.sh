#!/usr/bin/env bash
# relplot's smECE gives half weight to rows whose confidence is exactly 1 (or 0).
#
# Packages: relplot==1.0.3
# Observed: of 200 rows, 100 state 1.00 and are all wrong, and 100 state 0.90 with 90 right. The
#   mean gap is .5, and so is every calibration error whose gaps have one sign, but smECE is .3334.
#   With .999 instead of 1.00 it is .4995.
# Cause: in relplot/kernels.py, ReflectedGaussianKernel.convolve, np.flip(values)[:-1] and [1:]
#   leave the first and the last point of the grid without a mirror image.
#
# Runs only relplot, in a temporary virtual environment. Exits 1 if the behaviour has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check relplot==1.0.3
MPLBACKEND=agg MPLCONFIGDIR=$folder "$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from relplot import smECE

correct = np.repeat([0.0, 1.0, 0.0], [100, 90, 10])
found = {top: smECE(np.repeat([top, 0.9], 100), correct) for top in (1.0, 0.999)}
print("relplot", version("relplot"))
for top, value in found.items():
    gap = (np.repeat([top, 0.9], 100) - correct).mean()
    print(f"100 rows at {top} all wrong, 100 at 0.9 with 90 right: mean gap {gap:.4f}, smECE {value:.4f}")
if abs(found[1.0] - 1 / 3) < 0.001 and abs(found[0.999] - 0.4995) < 0.001:
    print("rows at exactly 1 count half: (50 * 1 + 100 * 0) / 150 = 1/3")
else:
    sys.exit("CHANGED: rows at exactly 1 no longer count half")
PYTHON
