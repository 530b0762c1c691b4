"""Where the checkpoints of the `trl` engine lie while a run goes on, and which is complete."""

from __future__ import annotations

from pathlib import Path

__all__ = ["CHECKPOINTS", "STATE", "TEACHER", "find_checkpoint"]

#: Beside the final model while the run goes on: transformers' own checkpoints.
CHECKPOINTS = "trl-checkpoints"
#: In each: what resuming needs besides TRL's own files, written last; and the teacher.
STATE, TEACHER = "caopd.json", "teacher"


def find_checkpoint(output: Path) -> Path | None:
    """Find the last checkpoint that is complete: its own state is what is written last."""
    found = [
        (int(folder.name.rpartition("-")[2]), folder)
        for folder in (output / CHECKPOINTS).glob("checkpoint-*")
        if (folder / STATE).is_file()
    ]
    return max(found)[1] if found else None
