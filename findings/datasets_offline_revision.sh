#!/usr/bin/env bash
# Without a network, datasets.load_dataset ignores `revision`: it returns the rows of the latest
# revision in its cache, even if the cache also holds the requested commit.
#
# Packages: datasets==5.2.0 huggingface_hub==2.4.0
# Observed: the dataset has two commits, A and B, with one row each. Offline (HF_HUB_OFFLINE=1 or
#   HF_DATASETS_OFFLINE=1) and with only A in the cache, load_dataset(..., revision=B) returns the
#   row of A. With A and then B in the cache, revision=A returns the row of B. No error is raised.
#   A logged warning names the cached folder, not the requested revision. Online, each commit gives
#   its own row.
# Cause: in datasets/load.py, dataset_module_factory answers every Hub error except
#   RevisionNotFoundError with CachedDatasetModuleFactory(path, cache_dir=cache_dir), which gets no
#   revision. _find_hash_in_cache in datasets/packaged_modules/cache/cache.py takes the folder last
#   modified.
# Documentation: https://huggingface.co/docs/datasets/loading calls `revision` "the dataset version
#   you want to load". Its section "Offline" does not mention that `revision` is ignored.
# Upstream: https://github.com/huggingface/datasets/issues/7928 (open; pull request 8156 proposes a
#   fix).
#
# Runs only datasets, in a temporary virtual environment, against a server on loopback as Hub.
# Exits 1 if the behaviour has changed, 2 if it could not be tested.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  datasets==5.2.0 huggingface_hub==2.4.0 || exit 2
cd "$folder" # so that no local folder is taken for the dataset
"$folder/venv/bin/python" - "$folder/hf" <<'PYTHON'
import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

FILES = {hashlib.sha1(row).hexdigest(): row for row in (b'{"row": "A"}\n', b'{"row": "B"}\n')}
A, B = FILES
LOAD = """
import json, sys, datasets
rows = datasets.load_dataset("someone/something", split="train", revision=sys.argv[1])
print(json.dumps([row["row"] for row in rows]))
"""


class Hub(BaseHTTPRequestHandler):
    """What the hub answers for a dataset whose only file is train.jsonl, at either commit."""

    def do_GET(self):
        path = self.path.partition("?")[0]
        commit = next((commit for commit in FILES if commit in path), A)
        file, api = FILES[commit], "/api/datasets/someone/something"
        entry = {"type": "file", "path": "train.jsonl", "size": len(file), "oid": commit}
        body = {
            f"{api}/revision/{commit}": json.dumps({"id": "someone/something", "sha": commit}),
            f"{api}/tree/{commit}": json.dumps([entry]),
            f"/datasets/someone/something/resolve/{commit}/train.jsonl": file.decode(),
        }.get(path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or "")))
        self.send_header("X-Repo-Commit", commit)
        self.send_header(*(("X-Error-Code", "EntryNotFound") if body is None else ("ETag", commit)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write((body or "").encode())

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


def load(revision, **more):
    env = {key: os.environ[key] for key in os.environ if not key.startswith(("HF_", "HUGGINGFACE"))}
    env |= {"HF_HOME": sys.argv[1], "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}"}
    env |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_UPDATE_DOWNLOAD_COUNTS": "0", "NO_PROXY": "*"}
    done = subprocess.run([sys.executable, "-c", LOAD, revision], env=env | more, text=True,
                          capture_output=True)
    last = (done.stderr.strip().splitlines() or ["no output"])[-1]
    found = json.loads(done.stdout) if done.returncode == 0 else [last]
    how = " ".join(f"{key}={value}" for key, value in more.items()) or "online"
    print(f"{how}, revision={'A' if revision == A else 'B'} ({revision[:12]}): {found}")
    return found


server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("datasets", version("datasets"), "huggingface_hub", version("huggingface_hub"))
online = load(A)
only_a = [load(B, HF_HUB_OFFLINE="1"), load(B, HF_DATASETS_OFFLINE="1")]
online += load(B)
both = load(A, HF_HUB_OFFLINE="1")
if online != ["A", "B"]:
    print("NOT TRIED: online, A and B could not be loaded from the server on loopback")
    sys.exit(2)
if only_a != [["A"], ["A"]] or both != ["B"]:
    sys.exit("CHANGED: offline, the revision asked for is no longer ignored as described")
print("offline, the latest revision in the cache was taken, whichever was asked for")
PYTHON
