"""A StepGraph runs call by call, and its states go from one call to the next."""

import numpy as np
import pytest

from nnasim.errors import InputError
from workloads.stepgraph.graph import Array, Node, State, StepGraph, Tensor
from workloads.stepgraph.run import FloatRun, each_step, initial_states, run_steps

F = np.float32


def counter(initial: str | None = None) -> StepGraph:
    """y = 2 (x + the sum of all x before)."""
    return StepGraph(
        name="counter.onnx",
        nodes=(
            Node("add", "Add", ("x", "sum"), ("new_sum",)),
            Node("double", "Mul", ("new_sum", "two"), ("y",)),
        ),
        inputs={"x": Tensor((2,)), "sum": Tensor((2,))},
        values={"new_sum": Tensor((2,)), "y": Tensor((2,))},
        constants={"two": np.array(2, F), "start": np.array([10, 20], F)},
        outputs=("y", "new_sum"),
        states=(State("sum", "new_sum", initial),),
    )


def row(*values: float) -> Array:
    return np.array(values, F)


def test_one_call_gives_its_outputs_and_shows_every_value() -> None:
    run = FloatRun(counter())
    outputs = run({"x": row(1, 2), "sum": row(3, 4)})
    assert {name: values.tolist() for name, values in outputs.items()} == {"y": [8, 12], "new_sum": [4, 6]}
    assert set(run.values) == {"x", "sum", "new_sum", "y"}
    assert run.value("two") == 2


def test_states_go_from_one_call_to_the_next() -> None:
    outputs = run_steps(counter(), {"x": np.ones((3, 2), F)})
    assert outputs["y"].tolist() == [[2, 2], [4, 4], [6, 6]]
    assert outputs["new_sum"].shape == (3, 2)


def test_a_state_starts_from_its_initial_value() -> None:
    assert initial_states(counter("start"))["sum"].tolist() == [10, 20]
    assert run_steps(counter("start"), {"x": np.ones((1, 2), F)})["new_sum"].tolist() == [[11, 21]]


def test_a_walk_shows_every_value_of_each_step() -> None:
    seen = [run.value("new_sum").tolist() for run in each_step(counter(), {"x": np.ones((2, 2), F)})]
    assert seen == [[1, 1], [2, 2]]


def test_an_output_may_be_an_input_or_a_constant() -> None:
    graph = StepGraph("", (), {"x": Tensor((1,))}, {}, {"one": row(1)}, ("x", "one"))
    assert FloatRun(graph)({"x": row(5)}) == {"x": [5], "one": [1]}


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"x": row(1, 2)}, "counter.onnx: sum: missing from what arrives at a call"),
        ({"x": row(1, 2, 3), "sum": row(1, 2)}, "counter.onnx: x = (3,): must have the shape (2,)"),
        ({"x": row(1, 2).astype(complex), "sum": row(1, 2)}, "counter.onnx: x = 'complex128': must be float32"),
        ({"x": row(1, 2), "sum": row(1, 2), "y": row(1)}, "counter.onnx: y: no input; they are x, sum"),
    ],
)
def test_inputs_that_do_not_fit_are_named(inputs: dict[str, Array], said: str) -> None:
    with pytest.raises(InputError) as error:
        FloatRun(counter())(inputs)
    assert str(error.value) == said


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({}, "counter.onnx: arrays = '': must be x"),
        ({"x": np.zeros((0, 2), F)}, "all must begin with one and the same number of steps"),
        ({"x": np.zeros((3, 3), F)}, "counter.onnx: x = (3,): must have the shape (2,)"),
        ({"x": np.zeros((3, 2), F), "sum": np.zeros((3, 2), F)}, "must be x"),
    ],
)
def test_arrays_that_do_not_fit_are_named(arrays: dict[str, Array], said: str) -> None:
    with pytest.raises(InputError, match=said.replace("(", r"\(").replace(")", r"\)")):
        run_steps(counter(), arrays)


def test_a_token_beyond_the_table_names_the_node() -> None:
    graph = StepGraph(
        name="decoder.onnx",
        nodes=(Node("embedding", "Gather", ("table", "token"), ("row",), {"axis": 0}),),
        inputs={"token": Tensor((1,), "int64")},
        values={"row": Tensor((1, 2))},
        constants={"table": np.zeros((4, 2), F)},
        outputs=("row",),
    )
    with pytest.raises(InputError, match=r"decoder\.onnx: embedding: picks what is not there"):
        FloatRun(graph)({"token": np.array([4])})
