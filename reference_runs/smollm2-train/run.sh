#!/usr/bin/env bash
# SmolLM2-135M-Instruct: a short SFT for the format, then OPD and CaOPD, each evaluated by plain lm_eval.
#
#     bash reference_runs/smollm2-train/run.sh WORK     # about 2 hours on one core; run again to resume
#
# Needs `pip install "caopd-bench[train]"`. Models stay in WORK, runs go into WORK/out.
set -euo pipefail
work=${1:?name a folder to work in}
mkdir -p "$work"
cd "$work"
export HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1

train() { # train NAME OPTION...: a new run, or the rest of one
    local name=$1
    shift
    if [ -e "$name/settings.json" ]; then set -- "$@" --resume; fi
    caopd-bench train --task caopd_math_conf --precision bfloat16 --threads 1 --seed 0 --output "$name" "$@"
}

evaluate() { # evaluate NAME: levels 1 and 2 of the test set, 200 problems, greedy
    [ -e "out/$1" ] || lm_eval --model hf --model_args "pretrained=$1,dtype=bfloat16" \
        --tasks caopd_math_conf --metadata '{"levels": "1-2"}' --apply_chat_template \
        --gen_kwargs max_gen_toks=120 --batch_size 50 --output_path "out/$1" --log_samples
}

[ -e instruct ] || caopd-bench fetch-model smollm2-135m --output instruct
train warm --model instruct --method sft --demonstration-confidence varied --levels 1-3 \
    --privileged-share 0.5 --steps 24 --prompts-per-step 12 --learning-rate 5e-5 --micro-batch 12
evaluate warm
for method in opd caopd; do
    train "$method" --model warm --method "$method" --levels 1-2 --steps 16 --prompts-per-step 6 --k 8 \
        --learning-rate 2e-5 --teacher-ema 0 --max-new-tokens 120 --micro-batch 24 --save-every 5
    evaluate "$method"
done
caopd-bench score warm=out/warm opd=out/opd caopd=out/caopd --by level
