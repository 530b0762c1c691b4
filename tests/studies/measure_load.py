"""Measure what much input costs: seconds, CPU seconds and memory of whole commands.

    python tests/studies/measure_load.py [--only CASE] [--size N] [--beside PATH] [--work DIR]

Each case makes its input from a fixed seed in DIR (a temporary folder by default) and runs one
command in a process of its own, as a user would. `--beside PATH` runs each a second time with the
package found in PATH, such as an unpacked wheel of an earlier version: times of one machine that
does other things too are told apart from each other, and from nothing else. Prints Markdown, for
docs/reliability.md. The sizes are those that the documentation states; each case at most some
minutes.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from caopd_bench.runs.run import Row, Run
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.tasks.read.parse import PARSER_VERSION

DATE = "2026-11-22T03-13-32.382752"
ROWS_OF_GROUP, ROWS_OF_TASK, ROWS_OF_RUN = 1000, 10, 20


def draw(rows, seed):
    """Give confidences of two digits, and outcomes of a model that is too sure."""
    rng = np.random.default_rng(seed)
    stated = np.round(rng.beta(5, 2, rows), 2)
    return stated.tolist(), (rng.random(rows) < 0.8 * stated).astype(int).tolist()


def write_flat(file, groups, rows=ROWS_OF_GROUP):
    """Write a JSONL file of groups."""
    n = groups * rows
    group = np.random.default_rng(1).permutation(np.arange(n) % groups).tolist()
    with file.open("w") as stream:
        for c, y, g in zip(*draw(n, 0), group, strict=True):
            stream.write(json.dumps({"confidence": c, "correct": y, "g": g}) + "\n")
    return file


def make_groups(rows, groups):
    """Give a run of one task with groups."""
    listed = [
        Row("task", f"{i:08d}", -1, {"g": i % groups}, c, y, "ok")
        for i, (c, y) in enumerate(zip(*draw(rows, 0), strict=True))
    ]
    return Run("groups", "", listed, {})


def write_tasks(folder, tasks, rows=ROWS_OF_TASK, *, groups=0):
    """Write tasks as lm_eval does, and give the results file."""
    place = folder / "org__model"
    place.mkdir(parents=True)
    names = [f"task_{t:05d}_conf" for t in range(tasks)]
    for t, name in enumerate(names):
        lines = []
        for i, (c, y) in enumerate(zip(*draw(rows, t), strict=True)):
            text = f"Answer: {i}\nConfidence: {c}"
            doc = {"answer": str(i), "question": f"What is {i} + 0?", "item_hash": f"{i:016x}"}
            doc |= {"level": i % groups} if groups else {}
            doc |= {"weights": "c72e9464", "parser_version": PARSER_VERSION, "prompt_version": "1"}
            sample = {"doc_id": i, "doc": doc, "resps": [[text]], "filter": "none"}
            sample |= {"acc": float(y), "status": "ok", "confidence": c}
            lines.append(json.dumps(sample) + "\n")
        (place / f"samples_{name}_{DATE}.jsonl").write_text("".join(lines))
    results = place / f"results_{DATE}.json"
    said = {
        "results": {name: {"alias": name} for name in names},
        "versions": dict.fromkeys(names, 1.0),
        "n-shot": dict.fromkeys(names, 0),
        "n-samples": {name: {"original": rows, "effective": rows} for name in names},
        "config": {"model": "hf", "model_args": {"pretrained": "org/model"}},
        "model_name": "org/model",
        "date": 1795316957.7,
    }
    results.write_text(json.dumps(said))
    return results


def score_groups(folder, size):
    """A flat file of SIZE groups of a thousand rows each."""
    file = write_flat(folder / f"groups{size}.jsonl", size)
    return ["score", str(file), "--by", "g", "--json", str(folder / "groups.json")]


def score_stored_groups(folder, size):
    """A stored run of one task with SIZE groups of a hundred rows each."""
    store = folder / f"stored{size}"
    write_stored(make_groups(100 * size, size), [], store)
    return ["score", str(store), "--by", "g", "--json", str(folder / "stored.json")]


def score_lm_eval_groups(folder, size):
    """What lm_eval wrote of one task, with SIZE levels of twenty rows each."""
    run = write_tasks(folder / f"levels{size}", 1, 20 * size, groups=size).parents[1]
    return ["score", str(run), "--by", "level", "--json", str(folder / "levels.json")]


def score_tasks(folder, size):
    """What lm_eval wrote of SIZE tasks of ten rows each."""
    run = write_tasks(folder / f"tasks{size}", size).parents[1]
    return ["score", str(run), "--json", str(folder / "tasks.json")]


def score_runs(folder, size):
    """SIZE stored runs of twenty rows each."""
    return ["score", *write_runs(folder, size), "--json", str(folder / "runs.json")]


def report_runs(folder, size):
    """The same SIZE runs in a report."""
    return ["report", *write_runs(folder, size), "-o", str(folder / "page.html")]


def write_runs(folder, size):
    """Write stored runs that differ in how right they are, and give their folders."""
    hard = np.linspace(0.0, 0.8, ROWS_OF_RUN)
    specs = []
    for m in range(size):
        rng = np.random.default_rng(m)
        chance = np.clip(0.9 - hard + 0.1 * rng.random(), 0.02, 0.98)
        stated = np.round(np.clip(chance + rng.normal(0.1, 0.2, ROWS_OF_RUN), 0, 1), 2).tolist()
        right = (rng.random(ROWS_OF_RUN) < chance).astype(int).tolist()
        rows = [
            Row("task", f"{i:06d}", -1, {"level": 1 + i % 4}, c, y, "ok", str(i), str(c))
            for i, (c, y) in enumerate(zip(stated, right, strict=True))
        ]
        place = folder / f"runs{size}" / f"model-{m:05d}"
        if not place.is_dir():
            write_stored(Run(place.name, "", rows, {"parameters": 10**6 * (1 + m)}), [], place)
        specs.append(str(place))
    return specs


CASES = {
    "score-groups": score_groups,
    "score-stored-groups": score_stored_groups,
    "score-lm-eval-groups": score_lm_eval_groups,
    "score-tasks": score_tasks,
    "score-runs": score_runs,
    "report-runs": report_runs,
}
SIZES = {
    "score-groups": [1000],
    "score-stored-groups": [1000],
    "score-lm-eval-groups": [1000],
    "score-tasks": [1000, 10_000],
    "score-runs": [1000, 5000],
    "report-runs": [100, 300, 1000, 5000],
}


def measure(words, package):
    """Run a command in a process of its own; give its seconds, CPU seconds, MB and exit code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = perf_counter()
    # A process between, so that the memory is that of this command and no other.
    code = (
        "import json, resource, subprocess, sys; "
        "rc = subprocess.run(json.load(sys.stdin), stdout=subprocess.DEVNULL, "
        "stderr=subprocess.DEVNULL, check=False).returncode; "
        "print(rc, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-m", "caopd_bench", *words]
    path = {"PYTHONPATH": str(package)} if package else {}
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(command),
        env={**os.environ, **path},
        capture_output=True,
        text=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    rc, kilobytes = map(int, done.stdout.split())
    return perf_counter() - began, cpu, kilobytes / 1024, rc


def main(words=None):
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=sorted(CASES))
    parser.add_argument("--size", type=int)
    parser.add_argument("--beside", type=Path, metavar="PATH")
    parser.add_argument("--work", type=Path, metavar="DIR")
    options = parser.parse_args(words)
    heads = ["work", "size", "seconds", "CPU seconds", "MB", "exit code"]
    if options.beside:
        heads += ["before: seconds", "CPU seconds", "MB", "exit code"]
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}", flush=True)
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        for name in [options.only] if options.only else CASES:
            for size in [options.size] if options.size else SIZES[name]:
                command = CASES[name](Path(folder), size)
                found = measure(command, None)
                if options.beside:
                    found += measure(command, options.beside)
                shown = [f"{value:.0f}" for value in found]
                print(f"| {name} | {size:,} | {' | '.join(shown)} |", flush=True)


if __name__ == "__main__":
    main()
