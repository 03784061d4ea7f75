"""A list of layers as a trace: every multiply-accumulate of the list, each layer under its own name, and time alone."""

import pytest

from nnasim.front.results import Result
from nnasim.hardware import load_preset
from nnasim.ir.attributes import Conv, Copy
from nnasim.ir.shapes import macs_of
from nnasim.ir.trace import Op, OpTrace
from nnasim.pipeline import simulate
from workloads.importers.topology import ConvLayer, Layer, ProductLayer
from workloads.importers.topology_trace import GRAPH, layer_rows, topology_trace
from workloads.stepgraph.decoding.calls import periodic

CHIP = load_preset("edge256")


def traced(*layers: Layer) -> OpTrace:
    return topology_trace(layers, periodic([GRAPH], 100, 1), CHIP.numerics, "layers.csv", "00" * 32)


def named(trace: OpTrace, name: str) -> Op:
    return next(op for op in trace.graphs[GRAPH].ops if op.name == name)


def conv(name: str, size: int, inputs: int, channels: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> Layer:
    return ConvLayer(
        name, size=(size, size), kernel=(kernel, kernel), inputs=inputs, channels=channels, stride=(stride, stride),
        groups=groups,
    )  # fmt: skip


def test_the_trace_has_the_macs_of_the_list() -> None:
    layers = [conv("a", 12, 4, 8, stride=2), conv("dw", 6, 8, 8, groups=8), ProductLayer("fc", 1, 10, 8)]
    trace = traced(*layers)
    counts = {op.name: macs_of(op, trace.tensors) for op in trace.graphs[GRAPH].ops}
    assert {layer.name: counts[layer.name] for layer in layers} == {layer.name: layer.macs for layer in layers}
    assert sum(counts.values()) == sum(layer.macs for layer in layers)


def test_every_layer_has_a_row_whatever_it_is_called() -> None:
    layers = [conv("a", 3, 4, 2), ProductLayer("a.rest.rq", 1, 10, 2)]
    rows = layer_rows(layers, traced(*layers))
    assert [(row.node, row.operator, row.macs, row.ops) for row in rows] == [
        ("a", "Conv", 72, ("a", "a.rq")),
        ("a.rest.rq", "Gemm", 20, ("a.rest.rq.view", "a.rest.rq", "a.rest.rq.rq")),
    ]


def test_a_layer_may_be_called_as_a_part_of_another() -> None:
    layers = [ProductLayer("a.rq", 3, 5, 2), ProductLayer("a.view", 5, 2, 3), ProductLayer("a", 2, 4, 5)]
    for order in (layers, layers[::-1]):
        trace = traced(*order)
        ops = trace.graphs[GRAPH].ops
        for layer in order:
            assert sum(macs_of(op, trace.tensors) for op in ops if op.layer == layer.name) == layer.macs
        assert len({name for row in layer_rows(order, trace) for name in row.ops}) == len(ops)


def test_a_layer_reads_what_the_one_before_made_in_another_shape_or_padded() -> None:
    trace = traced(ProductLayer("a", 2, 6, 4), ProductLayer("b", 3, 5, 4), conv("c", 5, 4, 2), conv("d", 4, 2, 2))
    assert named(trace, "b.view").inputs == ("a.y",)
    assert named(trace, "b.view").told(Copy).view
    assert trace.tensors[named(trace, "c").x].role == "state"  # 15 elements explain no 4 x 5 x 5
    assert named(trace, "d").x == "c.y"  # 2 x 3 x 3, to be padded to 2 x 4 x 4
    assert named(trace, "d").told(Conv).pads == (0, 0, 1, 1)


def test_the_first_input_comes_from_the_host_and_the_last_output_goes_there() -> None:
    trace = traced(ProductLayer("a", 1, 6, 4), ProductLayer("b", 1, 5, 6))
    roles = {name: spec.role for name, spec in trace.tensors.items()}
    assert (roles["a.x"], roles["a.y"], roles["b.y"]) == ("input", "activation", "output")
    assert trace.weights_file is None
    assert trace.imported is not None
    assert (trace.imported.claim, trace.imported.calls) == ("time only", "every 100 ms for 1 s")


def test_a_chip_runs_every_product_at_every_call() -> None:
    layers = ProductLayer("ff1", 1, 1024, 256), ProductLayer("ff2", 1, 256, 1024), ProductLayer("out", 4, 50, 64)
    result = simulate(traced(*layers), CHIP)
    assert {op.op: op.macs for op in result.ops if op.kind == "matmul"} == {
        layer.name: 10 * layer.macs for layer in layers
    }
    assert result.workload is not None
    assert (result.workload.name, result.imported) == ("layers.csv", traced(*layers).imported)
    assert result.totals.handoffs == 20
    lines = repr(Result(result)).splitlines()
    assert lines[0] == "layers.csv as naive on edge256: 1 utterance, 1.0 s of audio"
    assert lines[1].startswith("frame latency p50 ")
    assert "naive: called every 100 ms for 1 s" in lines


@pytest.mark.parametrize("size", [8, 9, 11])
def test_the_last_stride_of_a_convolution_need_not_be_whole(size: int) -> None:
    layer = conv("a", size, 1, 1, kernel=3, stride=4)
    trace = traced(layer)
    assert isinstance(layer, ConvLayer)
    assert trace.tensors["a.y"].shape == (1, *layer.out)
