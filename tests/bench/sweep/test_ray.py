"""The Ray engine on a real cluster, one of whose nodes dies in the middle of a cell."""

import runpy
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from caopd_bench.sweep.grid.file import read_sweep
from caopd_bench.sweep.run.ray import _run_one

HELPERS = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("helpers.py"))))


@pytest.fixture
def cluster(monkeypatch):
    """Give a head without CPUs and two nodes with one each, all on this machine."""
    pytest.importorskip("ray")
    pytest.importorskip("lm_eval")
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    nodes = [made.add_node(num_cpus=1) for _ in range(2)]
    yield SimpleNamespace(made=made, nodes=nodes, address=made.address)
    made.shutdown()


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """Give the cells.csv of the local engine."""
    pytest.importorskip("ray")
    pytest.importorskip("lm_eval")
    folder = tmp_path_factory.mktemp("local")
    process = HELPERS.start(HELPERS.write_sweep(folder), folder / "out", "--workers", "1")
    code, _, err = HELPERS.end(process)
    assert code == 0, err
    return (folder / "out" / "cells.csv").read_bytes()


def start(file, output, address):
    return HELPERS.start(file, output, "--engine", "ray", "--address", address)


@pytest.mark.slow
def test_a_node_dies_in_the_middle_of_a_cell(expected, cluster, tmp_path):
    file, output = HELPERS.write_sweep(tmp_path), tmp_path / "out"
    watch = HELPERS.Watch(output)
    process = start(file, output, cluster.address)
    HELPERS.wait_for(watch.look, "no cell is finished", process)
    raylets = {node.all_processes["raylet"][0].process.pid: node for node in cluster.nodes}
    begun_before, chosen = dict(HELPERS.read_holders(output)), []

    def is_begun():  # just now, so that it is not finished before the node is killed
        for cell, worker in HELPERS.read_holders(output).items():
            raylet = HELPERS.parent(worker)
            if begun_before.get(cell) != worker and raylet in raylets:
                chosen[:] = [cell, worker, raylets[raylet]]
        watch.look()
        return chosen

    HELPERS.wait_for(is_begun, "no cell is begun", process)
    cell, worker, node = chosen
    cluster.made.remove_node(node, allow_graceful=False)
    HELPERS.wait_for(lambda: not HELPERS.parent(worker), "the node's worker outlives it")
    assert cell not in watch.look(), "the cell was finished before its node died"
    HELPERS.wait_for(lambda: watch.look() and process.poll() is not None, "it hangs")
    code, out, err = HELPERS.end(process)
    assert code == 0, err
    assert out.startswith(f"{output / 'cells.csv'}\n")
    assert "Traceback" not in err
    assert watch.look() == set(HELPERS.NAMES)
    HELPERS.check_whole(output, expected)


@pytest.mark.slow
def test_a_killed_driver_leaves_nothing_that_stops_the_next(expected, cluster, tmp_path):
    file, output = HELPERS.write_sweep(tmp_path), tmp_path / "out"
    watch = HELPERS.Watch(output)
    process = start(file, output, cluster.address)
    HELPERS.wait_for(watch.look, "no cell is finished", process)
    HELPERS.kill(process)
    assert list((output / "work").glob("token-*"))
    again = start(file, output, cluster.address)
    HELPERS.wait_for(lambda: watch.look() and again.poll() is not None, "it hangs")
    code, _, err = HELPERS.end(again)
    assert code == 0, err
    HELPERS.check_whole(output, expected)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_nothing_listens_at_the_address(scheme, tmp_path):
    pytest.importorskip("ray")
    pytest.importorskip("lm_eval")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"{scheme}127.0.0.1:{free.getsockname()[1]}"
    code, out, err = HELPERS.end(start(HELPERS.write_sweep(tmp_path), tmp_path / "out", address))
    assert code == 2
    assert out == ""
    assert err.startswith(f"caopd-bench sweep: --address: {address}: ")
    assert "refused" in err
    assert err.count("\n") == 1, err
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("missing", ["token", "sweep"])
def test_a_node_that_does_not_see_the_folder(missing, tmp_path):
    file, token = HELPERS.write_sweep(tmp_path), tmp_path / "token"
    token.touch()
    sweep = read_sweep(file)
    (token if missing == "token" else file).unlink()
    said = _run_one(sweep, str(token), HELPERS.NAMES[0], False)
    assert said.startswith(str(tmp_path if missing == "token" else file))
    assert f"node {socket.gethostname()} does not see it" in said
    assert "\n" not in said
    assert not (tmp_path / "work").exists()
