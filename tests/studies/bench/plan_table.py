"""Write the table of docs/train-gpus.md: what CaOPD on the Qwen3 models needs.

python tests/studies/bench/plan_table.py
"""

from caopd_bench.train.memory_plan import GB, KNOWN_CONFIGS, plan_training
from caopd_bench.train.settings import make_settings


def show_table(gpus=8, gpu_gb=80):
    """Write it in Markdown."""
    lines = [
        "| model | parameters | state | whole teacher | logits | activations | total of "
        f"{gpu_gb:g} GB | fits | sampled | teacher | student |",
        "|---|---:|---:|---:|---:|---:|---:|---|---:|---:|---:|",
    ]
    for model, config in KNOWN_CONFIGS.items():
        plan = plan_training(example_settings(model), config, gpus, gpu_gb)
        apart = ("gathered teacher, bfloat16", "logits, float32", "activations, bfloat16")
        parts = [plan.memory[name] for name in apart]
        cells = [
            model,
            f"{plan.parameters / 1e9:.2f} B",
            *(f"{value / GB:.1f} GB" for value in (plan.total - sum(parts), *parts, plan.total)),
            "yes" if plan.fits else "no",
            *(f"{plan.tokens[part] / 1e6:.2f} M" for part in ("sampled", "teacher", "student")),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def example_settings(model):
    """Give the settings that the table and the commands of docs/train-gpus.md have."""
    return make_settings(
        {
            "method": "caopd",
            "model": model,
            "engine": "trl",
            "max_new_tokens": 1024,
            "learning_rate": 1e-5,
            "precision": "bfloat16",
            "gradient_checkpointing": True,
            "micro_batch": 2,
        }
    )


if __name__ == "__main__":
    print(show_table())
