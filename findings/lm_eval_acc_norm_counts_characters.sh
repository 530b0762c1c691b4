#!/usr/bin/env bash
# lm-eval's acc_norm divides log-likelihoods by the number of characters, although some of its task
# pages say bytes.
#
# Packages: lm_eval==0.4.13
# Observed: of the options "да" (-3.0; 2 characters, 4 bytes) and "yes" (-3.6; 3 of both) the first
#   is right. acc_norm is 0, since -3.0/2 < -3.6/3. By bytes it would be 1, since -3.0/4 > -3.6/3;
#   acc_bytes is 1. Five task pages of the package (turblimp, bhs, multiblimp, blimp_nl, zhoblimp,
#   most of them for languages not written in ASCII) describe acc_norm as "normalized by number of
#   bytes" or "byte-length-normalized".
# Cause: process_results in lm_eval/api/task.py uses completion_len = len(i), beside byte_length of
#   the encoded text. The pages are lm_eval/tasks/*/README.md.
# Upstream: issue 3278 asks about it.
#
# Runs only lm-eval, in a temporary virtual environment. Exits 1 if the behaviour has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check lm_eval==0.4.13
printf '{"question": "?", "options": ["да", "yes"], "right": 0}\n' > "$folder/rows.jsonl"
HF_HUB_OFFLINE=1 HF_HOME=$folder/cache "$folder/venv/bin/python" - "$folder" <<'PYTHON'
import re
import sys
from importlib.metadata import version
from pathlib import Path

import lm_eval
from lm_eval.api.task import ConfigurableTask

task = ConfigurableTask(
    config={
        "task": "two_options",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": f"{sys.argv[1]}/rows.jsonl"}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "{{question}}",
        "doc_to_choice": "{{options}}",
        "doc_to_target": "{{right}}",
        "metric_list": [{"metric": name} for name in ("acc", "acc_norm", "acc_bytes")],
    }
)
(document,) = task.test_docs()
found = task.process_results(document, [(-3.0, False), (-3.6, False)])
print("lm_eval", version("lm_eval"), {name: float(value) for name, value in found.items()})
says = re.compile(r"acc_norm.{0,120}number of bytes|byte-length-normalized accuracy \(`acc_norm`\)")
pages = sorted((Path(lm_eval.__file__).parent / "tasks").glob("*/README.md"))
named = [page.parent.name for page in pages if says.search(page.read_text(encoding="utf-8"))]
print("pages that say bytes:", ", ".join(named))
if (found["acc_norm"], found["acc_bytes"]) != (0.0, 1.0) or not named:
    sys.exit("CHANGED: acc_norm is no longer by characters, or no page says bytes")
print("acc_norm is by characters: the option that bytes would choose is not chosen")
PYTHON
