"""No hostile file costs more than a refusal may, and each is told in one line what is wrong with it."""

import contextlib
import multiprocessing
import resource
import sys
from pathlib import Path

import pytest

pytest.importorskip("onnx", reason="onnx is not installed")

from nnasim.errors import NnasimError
from nnasim.numerics.config import NumericsConfig
from nnasim.studies.importing import When, import_graphs
from tests.workloads.importers.hostile import ALL, FILES, SIZES, Hostile
from workloads.importers.onnx_reader import read_onnx


@pytest.mark.parametrize("hostile", ALL, ids=lambda hostile: hostile.name)
def test_it_is_refused_in_one_line(hostile: Hostile, tmp_path: Path) -> None:
    path = hostile.write(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    enters = _lowered if hostile.lowers else read_onnx
    with pytest.raises(NnasimError) as caught:
        enters(path, **hostile.given)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(path.name if hostile.lowers else str(path))
    assert [says for says in hostile.says if says not in message] == []
    assert sorted(tmp_path.rglob("*")) == before


def _lowered(path: Path) -> None:
    graphs = {"model": read_onnx(path)}
    import_graphs(graphs, When(period_ms=10, seconds=0.02), NumericsConfig(), steps="random")


def test_no_refusal_costs_more_than_5_seconds_of_work_or_500_megabytes(tmp_path: Path) -> None:
    """Each in a process of its own, which the system ends where it would take more."""
    for number, hostile in enumerate((*FILES, *SIZES)):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = hostile.write(folder)
        child = multiprocessing.get_context("fork").Process(target=_refuse, args=(path, hostile))
        child.start()
        child.join()
        assert child.exitcode == 0, hostile.name


def _refuse(path: Path, hostile: Hostile) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 6, -1))
    with contextlib.suppress(NnasimError):
        read_onnx(path, **hostile.given)
    sys.exit(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used.ru_maxrss > 500 << 10)


@pytest.mark.parametrize("name", [b"state", b"x", b"w"])
def test_a_name_that_is_not_utf8_is_read_as_what_it_seems(name: bytes, tmp_path: Path) -> None:
    """protobuf gives bytes for it; everywhere that the name stands it must become the same text."""
    from tests.workloads.small_onnx import streaming

    path = streaming(tmp_path / "m.onnx", "x")
    path.write_bytes(path.read_bytes().replace(name, b"\xff" * (len(name) - 1) + b"\xfe"))
    graph = read_onnx(path, states=[])
    assert all(isinstance(tensor, str) for tensor in (*graph.inputs, *graph.outputs))
