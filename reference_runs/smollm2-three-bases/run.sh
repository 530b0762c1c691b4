#!/usr/bin/env bash
# SmolLM2-135M-Instruct: a warm-up (SFT for the format), and the arms that start from it.
#
#     bash reference_runs/smollm2-three-bases/run.sh     # about two and a half hours of one core; run it again to resume
#
# Needs `pip install "caopd-bench[train]"`. Models stay in models/smollm2-grid of the checkout (not in git), rows go
# beside sweep.yaml. Further replications: add their seeds here, and to every base_seed of sweep.yaml.
set -euo pipefail
cd "$(dirname "$0")"
export HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1
command=${CAOPD_BENCH:-caopd-bench}

bash ../smollm2-grid/warm_ups.sh 0 1 2
"$command" sweep sweep.yaml --workers 1
