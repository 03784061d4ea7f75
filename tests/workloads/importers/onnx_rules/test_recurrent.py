"""Recurrent layers: states go on from call to call, or the layer is refused."""

from typing import Any

import numpy as np
import pytest

from tests.workloads.importers.onnx_rules.checks import F, agree, floats, ints, of_node, operators, read, refused
from workloads.stepgraph.graph import Array, State
from workloads.stepgraph.refusals import RefusedModelError
from workloads.stepgraph.run import run_steps

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
OUTPUTS = {"LSTM": 3, "GRU": 2, "RNN": 2}
UNITS, SIZE = 5, 3


def layer(
    operator: str, frames: int = 2, batch: int = 1, started: bool = True
) -> tuple[list[Array | None], dict[str, Any]]:
    """Operands and attributes of a node; all but what arrives and the states are constants."""
    gates = GATES[operator]
    weights = [floats(1, gates * UNITS, size, seed=seed) for seed, size in ((1, SIZE), (2, UNITS))]
    bias = floats(1, 2 * gates * UNITS, seed=3)
    states = [floats(1, batch, UNITS, seed=4 + place) for place in range(OUTPUTS[operator] - 1)] if started else []
    operands: list[Array | None] = [floats(frames, batch, SIZE), *weights, bias, None, *states]
    return operands, {"constants": [1, 2, 3], "outputs": OUTPUTS[operator], "hidden_size": UNITS}


@pytest.mark.parametrize("operator", GATES)
@pytest.mark.parametrize(("frames", "batch"), [(1, 1), (3, 1), (2, 4)])
def test_layers_agree(operator: str, frames: int, batch: int) -> None:
    operands, given = layer(operator, frames, batch)
    graph = agree(operator, *operands, **given)
    assert (operator in operators(graph)) == (operator != "RNN")


@pytest.mark.parametrize("reset", [0, 1])
def test_both_kinds_of_gru_agree(reset: int) -> None:
    operands, given = layer("GRU")
    agree("GRU", *operands, linear_before_reset=reset, **given)


def test_a_layer_without_bias_and_with_lengths_that_count_all_frames_agrees() -> None:
    operands, given = layer("LSTM")
    operands[3], operands[4] = None, ints(2).astype(np.int32)
    agree("LSTM", *operands, **{**given, "constants": [1, 2, 4]})


@pytest.mark.parametrize("operator", ["LSTM", "GRU"])
def test_backwards_over_one_frame_is_forwards(operator: str) -> None:
    operands, given = layer(operator, frames=1)
    agree(operator, *operands, direction="reverse", **given)
    operands, given = layer(operator, frames=2)
    assert refused(operator, *operands, direction="reverse", **given).startswith("runs backward, over frames")


def test_a_layout_with_the_batch_first_is_turned() -> None:
    operands, _ = layer("GRU", frames=3)
    turned = [operands[0].swapaxes(0, 1), *operands[1:5], operands[5].swapaxes(0, 1)]  # type: ignore[union-attr]
    first, second = (
        read(of_node("GRU", arrays, [1, 2, 3], 2, 17, hidden_size=UNITS, **more)[0])
        for arrays, more in ((operands, {}), (turned, {"layout": 1}))
    )
    h = floats(1, 1, UNITS, seed=4)
    straight = run_steps(first, {"in0": operands[0][None], "in5": h[None]})  # type: ignore[index]
    other = run_steps(second, {"in0": operands[0].swapaxes(0, 1)[None], "in5": h[None]})  # type: ignore[union-attr]
    np.testing.assert_allclose(other["out0"][0].transpose(1, 2, 0, 3), straight["out0"][0], atol=1e-6)
    assert second.tensor(second.outputs[1]).shape == (1, 1, UNITS)


@pytest.mark.parametrize("operator", GATES)
@pytest.mark.parametrize("start", ["absent", "zeros", "numbers"])
def test_a_layer_that_starts_from_a_constant_goes_on_where_it_is_kept(operator: str, start: str) -> None:
    operands, given = layer(operator, frames=1, started=start != "absent")
    operands = [*operands[:5], *(array * 0 if start == "zeros" else array for array in operands[5:])]  # type: ignore[operator]
    constants = [place for place in range(1, len(operands)) if operands[place] is not None]
    assert refused(operator, *operands, **{**given, "constants": constants}).startswith("forgets at every call")
    proto, _ = of_node(operator, operands, constants, OUTPUTS[operator], 17, hidden_size=UNITS)
    graph = read(proto, keep_state=["node"])
    assert [state.input for state in graph.states] == ["node.h", "node.c"][: OUTPUTS[operator] - 1]
    assert all((state.initial is not None) == (start == "numbers") for state in graph.states)
    frames = floats(4, 1, 1, SIZE, seed=9)
    over_all = [frames[:, 0], *operands[1:]]
    proto, _ = of_node(operator, over_all, constants, OUTPUTS[operator], 17, hidden_size=UNITS)
    once = read(proto, keep_state=["node"])
    stepwise, whole = run_steps(graph, {"in0": frames}), run_steps(once, {"in0": frames[None, :, 0]})
    np.testing.assert_allclose(stepwise["out0"][:, 0], whole["out0"][0], atol=1e-6)


def test_a_kept_state_is_the_layers_last_one() -> None:
    operands, _ = layer("LSTM", frames=1, started=False)
    proto, _ = of_node("LSTM", operands, [1, 2, 3], 3, 17, hidden_size=UNITS)
    assert read(proto, keep_state=["node"]).states == (State("node.h", "out1"), State("node.c", "out2"))


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"clip": 3.0}, "clips what its gates sum"),
        (
            {"activations": ["Relu", "Tanh", "Tanh"]},
            "has the functions relu, tanh, tanh in place of sigmoid, tanh, tanh",
        ),
        ({"input_forget": 1}, "couples its input and forget gates"),
        ({"direction": "sideways"}, "runs in the direction 'sideways'"),
        ({"direction": "bidirectional"}, "is bidirectional"),
        ({"hidden_size": 7}, "is not valid: R is (1, 20, 5), but 7 units need (1, 28, 7)"),
    ],
)
def test_what_the_vocabulary_lacks_is_refused(attributes: dict[str, Any], why: str) -> None:
    operands, given = layer("LSTM")
    assert refused("LSTM", *operands, **{**given, **attributes}).startswith(why)


def test_the_usual_functions_may_be_said() -> None:
    operands, given = layer("LSTM")
    agree("LSTM", *operands, activations=["Sigmoid", "Tanh", "Tanh"], **given)


def test_peepholes_and_shorter_sequences_are_refused() -> None:
    operands, given = layer("LSTM")
    peeping = [*operands, np.ones((1, 3 * UNITS), F)]
    assert refused("LSTM", *peeping, **{**given, "constants": [1, 2, 3, 7]}).startswith("looks through peepholes")
    operands[4] = ints(1).astype(np.int32)
    assert refused("LSTM", *operands, **{**given, "constants": [1, 2, 3, 4]}).startswith("runs over fewer frames")


def test_an_lstm_whose_projection_the_file_has_lost_is_refused_with_what_would_help() -> None:
    operands, given = layer("LSTM")
    projected = [*operands[:6], floats(1, 1, 16)]
    with pytest.raises(RefusedModelError) as error:
        read(of_node("LSTM", projected, **given)[0])
    (refusal,) = error.value.refusals
    assert refusal.why == (
        "is not valid: its cell state is (1, 1, 16), but it has 5 units; it looks like an LSTM with a projection to 5, "
        "which ONNX's has not and torch's exporter writes all the same"
    )
    assert refusal.help.startswith("give the module itself instead, as a torch module")
    operands[2] = floats(1, 4 * UNITS, 2)
    why = refused("LSTM", *operands, **given)
    assert why == (
        "is not valid: R is (1, 20, 2), but 5 units need (1, 20, 5); it looks like an LSTM with a projection to 2, "
        "which ONNX's has not"
    )
