"""What exporters write in several ways is one graph in the standard form."""

from collections.abc import Sequence

import numpy as np
import pytest

from workloads.stepgraph.graph import Array, Attribute, Node, State, StepGraph, Tensor
from workloads.stepgraph.run import FloatRun
from workloads.stepgraph.standard import standard_form

X = Tensor((1, 2, 3, 4))


def ints(*values: int) -> Array:
    return np.array(values, np.int64)


def chain(
    *steps: tuple[str, tuple[Array, ...], dict[str, Attribute], tuple[int, ...]], x: Tensor = X, first: bool = False
) -> StepGraph:
    """Nodes one behind the other: (operator, constants behind the value, attributes, shape) each."""
    nodes, values, constants, source = [], {}, {}, "x"
    for index, (operator, operands, attributes, shape) in enumerate(steps):
        names = [f"{operator}{index}.{place}" for place in range(len(operands))]
        constants.update(zip(names, operands, strict=True))
        inputs = (*names, source) if first else (source, *names)
        nodes.append(Node(f"node{index}", operator, inputs, (f"value{index}",), attributes))
        source = f"value{index}"
        values[source] = Tensor(shape)
    return StepGraph("", tuple(nodes), {"x": x}, values, constants, (source,))


def operators(graph: StepGraph) -> list[str]:
    return [node.operator for node in graph.nodes]


def same(*graphs: StepGraph) -> StepGraph:
    """The standard form that all ``graphs`` have."""
    first, *rest = (standard_form(graph) for graph in graphs)
    assert all(graph.canonical() == first.canonical() for graph in rest)
    assert standard_form(first).canonical() == first.canonical()
    return first


def test_a_reshape_of_a_reshape_is_one_and_none_where_the_shape_comes_back() -> None:
    there = ("Reshape", (ints(6, 4),), {}, (6, 4))
    assert operators(
        same(chain(there, ("Reshape", (ints(24),), {}, (24,))), chain(("Reshape", (ints(-1),), {}, (24,))))
    ) == ["Reshape"]
    back = standard_form(chain(there, ("Reshape", (ints(1, 2, 3, 4),), {}, X.shape)))
    assert not back.nodes
    assert back.outputs == ("x",)
    assert [node.name for node in back.folded] == ["node0", "node1"]


def test_a_transpose_that_moves_axes_of_one_element_is_a_reshape() -> None:
    graph = standard_form(chain(("Transpose", (), {"perm": (1, 0, 2, 3)}, (2, 1, 3, 4))))
    assert operators(graph) == ["Reshape"]


def test_transposes_of_the_same_move_are_equal_whatever_axes_stand_around_it() -> None:
    keys = same(
        chain(("Transpose", (), {"perm": (0, 1, 3, 2)}, (1, 2, 4, 3))),
        chain(
            ("Reshape", (ints(-1, 3, 4),), {}, (2, 3, 4)),
            ("Transpose", (), {"perm": (0, 2, 1)}, (2, 4, 3)),
            ("Reshape", (ints(1, 2, 4, 3),), {}, (1, 2, 4, 3)),
        ),
    )
    assert operators(keys) == ["Reshape", "Transpose", "Reshape"]
    assert keys.nodes[1].attributes == {"perm": (0, 2, 1)}


def test_neighbours_that_stay_neighbours_move_as_one_axis() -> None:
    graph = standard_form(chain(("Transpose", (), {"perm": (2, 3, 0, 1)}, (3, 4, 1, 2))))
    assert [graph.tensor(node.outputs[0]).shape for node in graph.nodes] == [(2, 12), (12, 2), (3, 4, 1, 2)]


def test_a_transpose_of_a_transpose_is_one() -> None:
    first = ("Transpose", (), {"perm": (0, 2, 3, 1)}, (1, 3, 4, 2))
    same(
        chain(first, ("Transpose", (), {"perm": (0, 2, 1, 3)}, (1, 4, 3, 2))),
        chain(("Transpose", (), {"perm": (0, 3, 2, 1)}, (1, 4, 3, 2))),
    )
    assert not standard_form(chain(first, ("Transpose", (), {"perm": (0, 3, 1, 2)}, X.shape))).nodes


def test_bounds_of_a_slice_stay_within_the_axis() -> None:
    graph = same(
        chain(("Slice", (ints(-1), ints(2**63 - 1), ints(-1)), {}, (1, 2, 3, 1))),
        chain(("Slice", (ints(0, 3), ints(9, 4), ints(1, 3), ints(1, 1)), {}, (1, 2, 3, 1))),
    )
    assert [graph.constants[name].tolist() for name in graph.nodes[0].inputs[1:]] == [[3], [4], [3], [1]]


def test_a_slice_backwards_keeps_its_meaning() -> None:
    graph = standard_form(chain(("Slice", (ints(-1), ints(-(2**63)), ints(3), ints(-1)), {}, X.shape)))
    assert [graph.constants[name].tolist() for name in graph.nodes[0].inputs[1:]] == [[3], [-5], [3], [-1]]


def test_what_picks_a_constant_place_is_a_slice() -> None:
    graph = same(
        chain(("Gather", (np.array(-1),), {"axis": 2}, (1, 2, 4))),
        chain(("Slice", (ints(2), ints(3), ints(2)), {}, (1, 2, 1, 4)), ("Reshape", (ints(1, 2, 4),), {}, (1, 2, 4))),
    )
    assert operators(graph) == ["Slice", "Reshape"]
    assert operators(standard_form(chain(("Gather", (ints(0, 2),), {"axis": 2}, (1, 2, 2, 4))))) == ["Gather"]


def test_rows_of_a_weight_are_gathered_as_they_were() -> None:
    graph = chain(("Gather", (np.ones((9, 5), np.float32),), {}, (1, 5)), x=Tensor((1,), "int64"), first=True)
    assert operators(standard_form(graph)) == ["Gather"]


def parts(bounds: Sequence[tuple[int, int]], outputs: Sequence[int]) -> StepGraph:
    """Slices of the last axis."""
    nodes, values, constants = [], {}, {"last": ints(3)}
    for index, (start, end) in enumerate(bounds):
        constants |= {f"start{index}": ints(start), f"end{index}": ints(end)}
        nodes.append(Node(f"slice{index}", "Slice", ("x", f"start{index}", f"end{index}", "last"), (f"part{index}",)))
        values[f"part{index}"] = Tensor((1, 2, 3, end - start))
    return StepGraph("", tuple(nodes), {"x": X}, values, constants, tuple(f"part{index}" for index in outputs))


def split(outputs: Sequence[int]) -> StepGraph:
    return StepGraph(
        name="",
        nodes=(Node("split", "Split", ("x", "sizes"), ("part0", "part1"), {"axis": -1}),),
        inputs={"x": X},
        values={"part0": Tensor((1, 2, 3, 1)), "part1": Tensor((1, 2, 3, 3))},
        constants={"sizes": ints(1, 3)},
        outputs=tuple(f"part{index}" for index in outputs),
    )


def test_slices_that_share_out_an_axis_are_a_split_and_a_split_half_read_is_a_slice() -> None:
    assert operators(same(parts([(1, 4), (0, 1)], [1, 0]), split([0, 1]))) == ["Split"]
    assert operators(same(parts([(0, 1), (1, 4)], [1]), split([1]))) == ["Slice"]
    assert operators(standard_form(parts([(0, 1), (2, 4)], [0, 1]))) == ["Slice", "Slice"]
    assert operators(standard_form(parts([(0, 2), (1, 4)], [0, 1]))) == ["Slice", "Slice"]
    more = standard_form(parts([(0, 1), (0, 2), (1, 3), (2, 4)], [0, 1, 2, 3]))
    assert sorted(operators(more)) == ["Slice", "Slice", "Split"]
    assert standard_form(split([0, 1])).nodes[0].name == "split"


@pytest.mark.parametrize("bias", [ints(1, 2, 3, 4), ints(1, 2, 3, 4).reshape(1, 1, 4)])
@pytest.mark.parametrize("first", [True, False])
def test_the_constant_of_a_sum_stands_second_without_leading_ones(bias: Array, first: bool) -> None:
    graph = standard_form(chain(("Add", (bias.astype(np.float32),), {}, X.shape), first=first))
    assert graph.nodes[0].inputs[0] == "x"
    assert graph.tensor(graph.nodes[0].inputs[1]).shape == (4,)


def test_one_number_is_a_scalar_and_a_difference_keeps_its_order() -> None:
    graph = standard_form(chain(("Sub", (np.ones((1, 1), np.float32),), {}, X.shape), first=True))
    assert graph.nodes[0].inputs[1] == "x"
    assert graph.tensor(graph.nodes[0].inputs[0]).shape == ()


def test_leading_ones_that_make_the_result_wider_stay() -> None:
    graph = standard_form(chain(("Add", (np.ones((1, 1, 4), np.float32),), {}, (1, 1, 4)), x=Tensor((4,))))
    assert graph.tensor(graph.nodes[0].inputs[1]).shape == (1, 1, 4)


@pytest.mark.parametrize(("operator", "neutral"), [("Add", 0), ("Sub", 0), ("Mul", 1), ("Div", 1)])
def test_a_sum_with_zeros_and_a_product_with_ones_are_gone(operator: str, neutral: int) -> None:
    number = np.full((1, 3, 1), neutral, np.float32)
    assert not standard_form(chain((operator, (number,), {}, X.shape))).nodes
    assert standard_form(chain((operator, (number + 1,), {}, X.shape))).nodes
    assert standard_form(chain((operator, (number,), {}, (1, 3, 4)), x=Tensor((4,)))).nodes


def test_constants_of_a_choice_have_no_leading_ones_either() -> None:
    graph = chain(("Where", (np.ones((1, 1, 4), bool), np.zeros((1,), np.float32)), {}, X.shape), first=True)
    standard = standard_form(graph)
    assert [standard.tensor(name).shape for name in standard.nodes[0].inputs] == [(4,), (), X.shape]


def test_one_over_x_is_a_reciprocal_and_a_bias_of_zeros_is_none() -> None:
    one = np.ones((), np.float32)
    assert operators(standard_form(chain(("Div", (one,), {}, X.shape), first=True))) == ["Reciprocal"]
    scale, zeros = np.full(4, 2, np.float32), np.zeros(4, np.float32)
    (norm,) = standard_form(chain(("LayerNormalization", (scale, zeros), {}, X.shape))).nodes
    assert len(norm.inputs) == 2


def test_equal_work_is_done_once_and_unread_work_never() -> None:
    graph = StepGraph(
        name="",
        nodes=(
            Node("a", "Mul", ("x", "two"), ("y",)),
            Node("b", "Mul", ("x", "also two"), ("z",)),
            Node("c", "Exp", ("x",), ("unread",)),
            Node("d", "Add", ("y", "z"), ("sum",)),
        ),
        inputs={"x": X},
        values=dict.fromkeys(("y", "z", "unread", "sum"), X),
        constants={"two": np.float32(2).reshape(()), "also two": np.float32(2).reshape(())},
        outputs=("sum",),
    )
    standard = standard_form(graph)
    assert [(node.name, node.inputs) for node in standard.nodes] == [("a", ("x", "two")), ("d", ("y", "y"))]
    assert [node.name for node in standard.folded] == ["b", "c"]


def test_outputs_and_states_keep_their_names_where_the_last_node_moves_nothing() -> None:
    graph = StepGraph(
        name="",
        nodes=(
            Node("a", "Mul", ("x", "two"), ("y",)),
            Node("b", "Transpose", ("y",), ("next",), {"perm": (0, 1, 2, 3)}),
        ),
        inputs={"x": X},
        values={"y": X, "next": X},
        constants={"two": np.float32(2).reshape(())},
        outputs=("next",),
        states=(State("x", "next"),),
    )
    standard = standard_form(graph)
    assert [(node.name, node.outputs) for node in standard.nodes] == [("a", ("next",))]
    assert (standard.outputs, standard.states) == (("next",), (State("x", "next"),))


def test_attributes_are_written_out_and_axes_count_from_the_front() -> None:
    graph = standard_form(chain(("Softmax", (), {}, X.shape), ("ReduceMean", (), {"axes": (-1, 1)}, (1, 1, 3, 1))))
    assert [node.attributes for node in graph.nodes] == [{"axis": 3}, {"axes": (1, 3), "keepdims": 1}]
    norm = ("LayerNormalization", (np.ones(4, np.float32),), {"stash_type": 1, "epsilon": 1e-5}, X.shape)
    assert standard_form(chain(norm)).nodes[0].attributes == {"axis": 3, "epsilon": float(np.float32(1e-5))}
    total = standard_form(chain(("ReduceSum", (), {"keepdims": 0}, ())))
    assert total.constants[total.nodes[0].inputs[1]].tolist() == [0, 1, 2, 3]


def test_a_convolution_says_all_of_its_numbers() -> None:
    graph = chain(("Conv", (np.ones((2, 2, 3), np.float32),), {}, (1, 2, 2)), x=Tensor((1, 2, 4)))
    assert standard_form(graph).nodes[0].attributes == {
        "kernel_shape": (3,), "strides": (1,), "pads": (0, 0), "dilations": (1,), "group": 1,
    }  # fmt: skip


def test_an_lstm_names_its_last_states_too() -> None:
    nodes = (Node("lstm", "LSTM", ("x", "w", "r", "", "", "h", "c"), ("", "h2"), {"hidden_size": 3, "layout": 0}),)
    graph = StepGraph(
        name="",
        nodes=nodes,
        inputs={"x": Tensor((2, 1, 4)), "h": Tensor((1, 1, 3)), "c": Tensor((1, 1, 3))},
        values={"h2": Tensor((1, 1, 3))},
        constants={"w": np.ones((1, 12, 4), np.float32), "r": np.ones((1, 12, 3), np.float32)},
        outputs=("h2",),
    )
    (node,) = standard_form(graph).nodes
    assert node.outputs == ("lstm.Y", "h2", "lstm.Y_c")
    assert standard_form(graph).tensor("lstm.Y").shape == (2, 1, 1, 3)
    assert node.attributes == {"hidden_size": 3}


def test_a_slice_of_all_a_cast_to_the_same_and_a_concat_of_one_are_gone() -> None:
    graph = chain(
        ("Slice", (ints(0), ints(99), ints(2)), {}, X.shape),
        ("Cast", (), {"to": "float32"}, X.shape),
        ("Concat", (np.ones((1, 2, 3, 0), np.float32),), {"axis": -1}, X.shape),
        ("Pad", (ints(*[0] * 8),), {}, X.shape),
        ("Expand", (ints(1),), {}, X.shape),
    )
    assert not standard_form(graph).nodes
    assert operators(standard_form(chain(("Expand", (ints(1, 1, 2, 3, 4),), {}, (1, 1, 2, 3, 4))))) == ["Reshape"]


def test_what_the_model_calls_as_we_would_call_our_own_keeps_its_values() -> None:
    """A slice that says axis 0 needlessly, its constants named as those of the standard form."""
    constants = {
        "cut.starts": ints(0, 1), "cut.ends": ints(1, 3), "cut.axes": ints(0, 2), "cut.steps": ints(1, 1),
        "turn.before": np.ones((1, 2, 2, 4), np.float32),
    }  # fmt: skip
    nodes = (
        Node("cut", "Slice", ("x", "cut.starts", "cut.ends", "cut.axes", "cut.steps"), ("part",)),
        Node("add", "Add", ("part", "turn.before"), ("sum",)),
        Node("turn", "Transpose", ("sum",), ("turn",), {"perm": (0, 2, 1, 3)}),
    )
    values = {"part": Tensor((1, 2, 2, 4)), "sum": Tensor((1, 2, 2, 4)), "turn": Tensor((1, 2, 2, 4))}
    standard = standard_form(StepGraph("", nodes, {"x": X}, values, constants, ("turn",)))
    cut, add, *_ = standard.nodes
    assert [standard.constants[name].tolist() for name in cut.inputs[1:]] == [[1], [3], [2], [1]]
    assert standard.constants[add.inputs[1]].shape == (2, 2, 4)
    x = np.arange(24, dtype=np.float32).reshape(X.shape)
    assert np.array_equal(FloatRun(standard)({"x": x})["turn"], (x[:, :, 1:3] + 1).transpose(0, 2, 1, 3))
