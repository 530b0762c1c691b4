#!/usr/bin/env bash
# SmolLM2-135M-Instruct and its warm-ups (SFT for the format), one for each seed: bash warm_ups.sh SEED ...
#
# Models go to models/smollm2-grid of the checkout (not in git). Run it again to resume.
set -euo pipefail
cd "$(dirname "$0")"
export HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1
command=${CAOPD_BENCH:-caopd-bench}
models=../../models/smollm2-grid

[ -e $models/instruct ] || "$command" fetch-model smollm2-135m --output $models/instruct
for seed in "$@"; do
    warm=$models/warm-s$seed
    if [ ! -e "$warm/provenance.json" ]; then
        resume=()
        if [ -e "$warm/settings.json" ]; then resume=(--resume); fi
        "$command" train --task caopd_math_conf --model $models/instruct --method sft --levels 1-3 --seed "$seed" \
            --demonstration-confidence varied --privileged-share 0.5 --steps 24 --prompts-per-step 12 \
            --learning-rate 5e-5 --micro-batch 6 --save-every 6 --threads 1 --output "$warm" "${resume[@]}"
    fi
done
