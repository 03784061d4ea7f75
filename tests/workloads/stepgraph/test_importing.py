"""The road of a model: calibrated it is exact, chip against reference; else it says why it is for time alone."""

from dataclasses import replace

import numpy as np
import pytest

from nnasim.errors import InputError
from nnasim.functional.cosimulate import cosimulate
from nnasim.functional.stored import heard_of_steps
from nnasim.hardware import load_preset
from nnasim.numerics.config import NumericsConfig
from tests.workloads.stepgraph.small import decoder, encoder, joiner, leaky_sum
from workloads.stepgraph.decoding.calls import Calls, periodic, with_symbols
from workloads.stepgraph.graph import Node, StepGraph, Tensor
from workloads.stepgraph.importing import Model, ModelImport, calibrated_on, calibrated_on_noise, imported, model_of
from workloads.stepgraph.standard import standard_form

CHIP = load_preset("edge256")
NUMERICS = CHIP.numerics


def heard(count: int = 20, size: int = 4) -> dict[str, np.ndarray]:
    return {"x": np.random.default_rng(1).normal(size=(count, 1, size)).astype(np.float32)}


def leaky() -> Model:
    return model_of({"leaky": standard_form(leaky_sum())}, "leaky.onnx")


def calls(model: Model) -> Calls:
    return periodic(list(model.graphs), 10, 0.1)


def exact(model: Model, numerics: NumericsConfig = NUMERICS) -> ModelImport:
    return imported(model, numerics, calls(model), calibrated=calibrated_on(model, heard(), "steps.npz"))


def test_a_calibrated_model_is_exact_and_says_on_what() -> None:
    result = exact(leaky())
    described = result.trace.imported
    assert described is not None
    assert (described.claim, described.reason) == ("exact", "")
    assert described.calibration == "16 steps of steps.npz, mse; 4 more between them held out"
    assert described.calls == "every 10 ms for 0.1 s"
    report = cosimulate(result.trace, CHIP, result.constants, heard_of_steps(result.inputs, result.trace, "steps"))
    assert report.mismatches == 0
    assert report.values + report.states > 0


def test_what_inputs_hear_is_kept_for_a_functional_run() -> None:
    result = exact(leaky())
    ((name, values),) = result.inputs.items()
    assert result.trace.tensors[name].role == "input"
    np.testing.assert_array_equal(values.reshape(20, 1, 4), heard()["x"])


@pytest.mark.parametrize(
    ("calibrated", "on_cpu", "reason"),
    [
        (False, (), "it was not calibrated, so there are no integers"),
        (True, (), "it was calibrated on noise, which says nothing of what its values will be"),
        (True, ("MatMul",), "1 node on the CPU, in float"),
    ],
)
def test_what_is_for_time_alone_says_why_and_has_no_integers(
    calibrated: bool, on_cpu: tuple[str, ...], reason: str
) -> None:
    model = leaky()
    noise = calibrated_on_noise(model) if calibrated else None
    result = imported(model, NUMERICS, calls(model), calibrated=noise, on_cpu=on_cpu)
    described = result.trace.imported
    assert described is not None
    assert (described.claim, described.reason, described.distances) == ("time only", reason, ())
    assert (result.constants, result.inputs) == ({}, {})


def test_nodes_are_counted_by_where_they_ended() -> None:
    described = exact(leaky()).trace.imported
    assert described is not None
    assert sum(described.nodes.values()) == len(leaky_sum().nodes)


def test_each_node_s_distance_is_that_of_its_integers_on_calls_that_were_held_out() -> None:
    described = exact(leaky()).trace.imported
    assert described is not None
    distances = {node.node: node.signal_db for node in described.distances}
    assert set(distances) == {"product", "sum"} | ({"half"} & set(distances))
    assert all(db is not None and 25 < db < 60 for db in distances.values())
    assert [node.signal_db for node in described.distances] == sorted(distances.values())
    wide = NUMERICS.with_({"activation_bits": 16, "accumulator_bits": 48, "activation": "lut16", "cell_bits": 16})
    finer = exact(leaky(), wide).trace.imported
    assert finer is not None
    assert min(node.signal_db or 99 for node in finer.distances) > min(distances.values()) + 2  # weights stay int8


def linear(*outputs: str) -> Model:
    """y = W x + b, and whatever ``outputs`` name of it."""
    graph = StepGraph(
        name="linear",
        nodes=(Node("product", "MatMul", ("x", "w"), ("wx",)), Node("bias", "Add", ("wx", "b"), ("y",))),
        inputs={"x": Tensor((1, 4))},
        values={"wx": Tensor((1, 4)), "y": Tensor((1, 4))},
        constants={"w": np.eye(4, dtype=np.float32), "b": np.arange(4, dtype=np.float32)},
        outputs=outputs,
    )
    return model_of({"linear": standard_form(graph)}, "linear.onnx")


def test_the_distance_of_a_product_is_that_of_what_its_bias_has_made() -> None:
    described = exact(linear("y")).trace.imported
    assert described is not None
    (product,) = described.distances
    assert (product.node, product.operator) == ("product", "MatMul")
    assert product.signal_db is not None
    assert product.signal_db > 30


def test_an_input_that_goes_out_again_is_heard_all_the_same() -> None:
    result = exact(linear("y", "x"))
    report = cosimulate(result.trace, CHIP, result.constants, heard_of_steps(result.inputs, result.trace, "steps"))
    assert report.mismatches == 0
    assert len([tensor for tensor in result.trace.tensors.values() if tensor.role == "output"]) == 2


def test_integers_that_no_standard_defines_are_exact_by_our_own_definition() -> None:
    shape = Tensor((1, 4))
    graph = StepGraph(
        name="share", nodes=(Node("share", "Softmax", ("x",), ("y",), {"axis": 1}),), inputs={"x": shape},
        values={"y": shape}, constants={}, outputs=("y",),
    )  # fmt: skip
    described = exact(model_of({"share": standard_form(graph)}, "share.onnx")).trace.imported
    assert described is not None
    assert described.claim == "exact by our own definition"
    assert described.reason == "no standard says which integers softmax gives"


def squared() -> StepGraph:
    """exp(-3000 x^2), which a table of 256 entries over all of x hits once or not at all."""
    shape = Tensor((1, 64))
    return standard_form(
        StepGraph(
            name="peak",
            nodes=(
                Node("square", "Mul", ("x", "x"), ("xx",)),
                Node("scale", "Mul", ("xx", "factor"), ("scaled",)),
                Node("peak", "Exp", ("scaled",), ("y",)),
            ),
            inputs={"x": shape},
            values={"xx": shape, "scaled": shape, "y": shape},
            constants={"factor": np.float32(-3000)},
            outputs=("y",),
        )
    )


def test_a_node_that_loses_its_signal_is_told_what_would_bring_it_back() -> None:
    model = model_of({"peak": squared()}, "peak.onnx")
    x = {"x": np.random.default_rng(0).normal(size=(20, 1, 64)).astype(np.float32)}
    result = imported(model, NUMERICS, calls(model), calibrated=calibrated_on(model, x, "steps"))
    assert result.trace.imported is not None
    worst = result.trace.imported.distances[0]
    assert worst.node == "peak"
    assert worst.signal_db is not None
    assert worst.signal_db < 15
    assert worst.proposal.startswith("with 16 bits ")
    assert worst.proposal.endswith(" dB, or on the CPU")


def test_steps_of_another_shape_are_refused() -> None:
    with pytest.raises(InputError, match=r"input x has the shape \(20, 1, 5\), must have \(N, 1, 4\)"):
        calibrated_on(leaky(), heard(size=5), "steps")


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("blank", [0, 2])
def test_a_transducer_is_calibrated_by_decoding_what_its_encoder_hears(rows: int, blank: int) -> None:
    parts = {"encoder": encoder(rows=rows), "decoder": decoder(), "joiner": scaled(joiner())}
    model = model_of({name: standard_form(graph) for name, graph in parts.items()}, "rnnt", blank=blank)
    assert model.transducer is not None
    steps = {"x": np.random.default_rng(3).uniform(0, 1.2, size=(25, 1, 4, 3)).astype(np.float32)}
    calibrated = calibrated_on(model, steps, "steps")
    assert set(calibrated.calibrations) == set(model.graphs)
    assert calibrated.calibrations["joiner"].calls > calibrated.calibrations["encoder"].calls * rows
    calls_ = with_symbols(model.transducer.row_graphs(), 40, 0.8, 5)
    result = imported(model, NUMERICS, calls_, calibrated=calibrated)
    assert result.trace.imported is not None
    assert result.trace.imported.claim == "exact"
    distances = {node.node: node.signal_db for node in result.trace.imported.distances}
    assert distances["joiner/sum"] is not None
    assert distances["joiner/sum"] > 20
    report = cosimulate(result.trace, CHIP, result.constants, heard_of_steps(result.inputs, result.trace, "steps"))
    assert report.mismatches == 0
    assert report.values > 0


def scaled(graph: StepGraph) -> StepGraph:
    """The joiner with a product at its end, as joiners have."""
    product = Node("output", "MatMul", ("sum", "w"), ("logit",))
    return replace(
        graph,
        nodes=(replace(graph.nodes[0], outputs=("sum",)), product),
        values={"sum": Tensor((1, 3)), "logit": Tensor((1, 3))},
        constants={"w": np.eye(3, dtype=np.float32)},
    )
