"""Log a look to a tracker through its client: one run per state, one step per look."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.write import replace_file
from caopd_bench.watch.look import Look

__all__ = ["TRACKERS", "log_look", "require_tracker", "values_of"]

TRACKERS = ("wandb", "mlflow", "trackio")
PROJECT = "caopd-bench"
#: File with the id that MLflow assigned to the run of a state.
MLFLOW = "mlflow.json"


def require_tracker(name: str) -> None:
    """Raise UsageError if a client is not installed, before counting anything."""
    if find_spec(name) is None:
        raise UsageError(f"--log-to: {name} is not installed; pip install {name}")


def values_of(look: Look) -> dict[str, float]:
    """Return the numbers of a look, without undefined ones."""
    total = look.total
    found = {
        "alarm": float(look.verdict == "ALARM"),
        "coverage": total.coverage,
        "answers": total.rows,
        "kept": total.kept.rows,
        "kept_without_outcome": total.kept.missing,
    }
    for alarm in look.alarms:
        name = "".join(x if x.isalnum() or x in "-." else "_" for x in alarm.name)
        found |= {
            name: alarm.estimate,
            f"{name}_low": alarm.low,
            f"{name}_high": alarm.high,
            f"{name}_evidence": alarm.evidence / alarm.needed,
            f"{name}_evidence_missing_at_best": alarm.sure_evidence / alarm.needed,
        }
    return {key: value for key, value in found.items() if math.isfinite(value)}


def log_look(tracker: str, look: Look, folder: Path) -> None:
    """Log a look as the next step of the run of its state."""
    name = folder.resolve().name
    identity = str(look.state.identity["threshold"])[:16]
    values, step = values_of(look), look.state.looks
    config = {"task": look.promise.task, **look.state.identity}
    if tracker == "mlflow":
        _to_mlflow(name, config, values, step, folder)
    elif tracker == "wandb":
        import wandb

        wandb.init(
            project=PROJECT, name=name, id=f"{name}-{identity}", resume="allow", config=config
        )
        wandb.log(values, step=step)
        wandb.finish()
    else:
        import trackio

        trackio.init(project=PROJECT, name=f"{name}-{identity}", resume="allow", config=config)
        trackio.log(values, step=step)
        trackio.finish()


def _to_mlflow(
    name: str, config: Mapping[str, Any], values: dict[str, float], step: int, folder: Path
) -> None:
    import mlflow

    file = folder / MLFLOW
    held = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    mlflow.set_experiment(PROJECT)
    if held.get("threshold") == config["threshold"]:
        run = mlflow.start_run(run_id=held["run_id"])
    else:
        run = mlflow.start_run(run_name=name)
        mlflow.log_params(dict(config))
        entry = {"threshold": config["threshold"], "run_id": run.info.run_id}
        replace_file(file, (json.dumps(entry) + "\n").encode())
    mlflow.log_metrics(values, step=step)
    mlflow.end_run()
