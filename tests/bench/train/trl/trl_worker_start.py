"""Start a script in two processes on this machine, for the tests that need two."""

import os
import socket
import subprocess
import sys

TIMEOUT = 300  # of a machine that does other things


def run_two(script, *words):
    """Run a script in two gloo processes, as torchrun and `accelerate launch` start them."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    started = []
    for rank in range(2):
        place = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
        meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        usual = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "ACCELERATE_USE_CPU": "true"}
        started.append(
            subprocess.Popen(
                [sys.executable, "-W", "ignore", str(script), *map(str, words)],
                env={**os.environ, **place, **meeting, **usual},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    try:
        said = [process.communicate(timeout=TIMEOUT)[0] for process in started]
    finally:
        for process in started:
            process.kill()
    for process, text in zip(started, said, strict=True):
        assert process.returncode == 0, text[-3000:]
