"""A normalised graph has few nodes, computes what the graph did, and knows what became of each node."""

from collections import Counter

import numpy as np
import pytest

from tests.workloads.stepgraph.hand_made import Sheet, random_inputs, run_normal
from tests.workloads.stepgraph.imports import lowered
from tests.workloads.stepgraph.normal.same import operators, same
from workloads.stepgraph.normal.normalise import normalised
from workloads.stepgraph.run import FloatRun
from workloads.stepgraph.standard import standard_form


def silu(sheet: Sheet, x: str) -> str:
    return sheet.op("Mul", x, sheet.op("Sigmoid", x))


def test_a_function_of_one_value_is_one_table_whatever_it_was_written_as() -> None:
    sheet = Sheet(x=(1, 8))
    half, one = sheet.constant(0.5), sheet.constant(1.0)
    inner = sheet.op("Erf", sheet.op("Mul", "x", sheet.constant(0.70710678)))
    gelu = sheet.op("Mul", sheet.op("Mul", "x", half), sheet.op("Add", inner, one))
    normal = same(sheet.graph(gelu))
    assert operators(normal) == ["Table"]
    assert normal.functions[gelu].label.count("Mul") == 3


def test_a_value_on_the_way_that_is_read_elsewhere_is_a_table_of_the_same_source() -> None:
    sheet = Sheet(x=(1, 8), y=(1, 8))
    gate = sheet.op("Sigmoid", "x")
    product = sheet.op("Mul", gate, "y")
    normal = same(sheet.graph(sheet.op("Tanh", sheet.op("Mul", "x", gate)), product))
    assert sorted(operators(normal)) == ["Mul", "Table", "Table"]
    assert {function.source for function in normal.functions.values()} == {"x"}


def test_a_positive_factor_is_what_an_integer_is_worth_and_a_negative_one_is_a_table() -> None:
    sheet = Sheet(x=(1, 8))
    up, down = sheet.op("Mul", "x", sheet.constant(3.0)), sheet.op("Sub", sheet.constant(1.0), "x")
    normal = same(sheet.graph(up, down))
    assert operators(normal) == ["Scale", "Table"]
    assert normal.graph.nodes[0].attributes["factor"] == 3.0


def test_a_constant_of_equal_elements_is_a_number() -> None:
    sheet = Sheet(x=(2, 8))
    shifted = sheet.op("Sub", "x", sheet.constant(1.0))
    normal = same(sheet.graph(sheet.op("Max", sheet.constant(np.zeros((2, 8))), shifted)))
    assert operators(normal) == ["Table"]


@pytest.mark.parametrize("operator", ["ReduceMax", "ReduceMin"])
@pytest.mark.parametrize("size", [1, 2, 7, 8])
def test_the_largest_of_an_axis_is_found_by_rounds_of_two(operator: str, size: int) -> None:
    sheet = Sheet(x=(2, size, 3))
    both = sheet.op(operator, "x", axes=(1, 2), keepdims=1), sheet.op(operator, "x", axes=(1,), keepdims=0)
    normal = same(sheet.graph(*both))
    assert operator not in operators(normal)
    assert operators(normal).count("Slice") == 2 * (2 * (size - 1).bit_length() + 2)


def test_a_pad_below_zero_cuts() -> None:
    sheet = Sheet(x=(2, 8))
    for pads, left in (((0, -1, 0, -2), ["Slice"]), ((1, -1, 0, 2), ["Slice", "Pad"])):
        cut = sheet.op("Pad", "x", sheet.constant(pads, dtype=np.int64), sheet.constant(0.5), mode="constant")
        assert [name for name in operators(same(sheet.graph(cut))) if name in ("Slice", "Pad")][: len(left)] == left


def test_whole_numbers_are_added_as_they_are() -> None:
    sheet = Sheet()
    total = sheet.op("Add", sheet.token("n", 1), sheet.constant(2, dtype=np.int64))
    assert operators(same(sheet.graph(total))) == ["Add"]


def test_a_long_chain_is_several_tables() -> None:
    sheet = Sheet(x=(1, 4))
    value = "x"
    for _ in range(300):
        value = sheet.op("Sin", value)
    assert 4 < len(same(sheet.graph(value)).graph.nodes) < 7


def test_a_product_with_weights_takes_bias_factor_and_batch_norm_into_its_own() -> None:
    sheet = Sheet(x=(1, 3, 8))
    y = sheet.op("Add", sheet.op("MatMul", "x", sheet.weight(8, 5), name="mm"), sheet.weight(5))
    y = sheet.op("Div", sheet.op("Mul", y, sheet.weight(5)), sheet.constant(2.0))
    y = sheet.op("Sub", sheet.weight(5), sheet.op("Neg", y))
    normal = same(sheet.graph(y))
    assert operators(normal) == ["Linear"]
    assert normal.graph.nodes[0].name == "mm"
    assert len(normal.folded) == 5


def test_constants_behind_a_view_of_a_product_are_folded_too() -> None:
    sheet = Sheet(x=(1, 8))
    y = sheet.reshape(sheet.op("MatMul", "x", sheet.weight(8, 6)), 1, 6, 1)
    y = sheet.op("Add", sheet.op("Mul", y, sheet.weight(6, 1)), sheet.weight(6, 1))
    assert operators(same(sheet.graph(y))) == ["Linear", "View"]


def test_a_bias_behind_a_sum_of_two_products_is_that_of_one() -> None:
    sheet = Sheet(x=(1, 8), h=(1, 4))
    both = sheet.op("Add", sheet.op("MatMul", "x", sheet.weight(8, 5)), sheet.op("MatMul", "h", sheet.weight(4, 5)))
    normal = same(sheet.graph(sheet.op("Add", both, sheet.weight(5))))
    assert sorted(operators(normal)) == ["Add", "Linear", "Linear"]


def test_a_square_is_a_product() -> None:
    sheet = Sheet(x=(1, 8))
    twice = sheet.op("Pow", "x", sheet.constant(2.0)), sheet.op("Mul", "x", "x")
    assert operators(same(sheet.graph(*twice))) == ["Mul", "Mul"]


def test_a_constant_that_differs_within_a_channel_stays() -> None:
    sheet = Sheet(x=(3, 8))
    y = sheet.op("Add", sheet.op("MatMul", "x", sheet.weight(8, 5)), sheet.weight(3, 5))
    assert operators(same(sheet.graph(y))) == ["Linear", "Add"]


def test_a_product_that_two_nodes_read_keeps_its_own_constants() -> None:
    sheet = Sheet(x=(1, 8))
    y = sheet.op("MatMul", "x", sheet.weight(8, 5))
    normal = same(sheet.graph(sheet.op("Add", y, sheet.weight(5)), sheet.op("Relu", y)))
    assert sorted(operators(normal)) == ["Add", "Linear", "Table"]


def test_weights_first_are_a_linear_layer_of_one_column_and_a_convolution_of_several() -> None:
    one, several = Sheet(x=(8, 1)), Sheet(x=(8, 3))
    assert operators(same(one.graph(one.op("MatMul", one.weight(5, 8), "x")))) == ["View", "Linear", "View"]
    assert "Conv" in operators(same(several.graph(several.op("MatMul", several.weight(5, 8), "x"))))


def test_two_values_that_flow_are_a_product_which_reads_a_transpose_as_it_is() -> None:
    sheet = Sheet(q=(2, 3, 4), k=(2, 5, 4))
    keys = sheet.op("Transpose", "k", perm=(0, 2, 1))
    normal = same(sheet.graph(sheet.op("MatMul", "q", keys)))
    assert operators(normal) == ["Product"]
    assert normal.graph.nodes[0].attributes["transpose_b"] == 1


def layer_norm(sheet: Sheet, x: str, by: str) -> str:
    axes = {"axes": (len(sheet.shape(x)) - 1,)}
    centred = sheet.op("Sub", x, sheet.op("ReduceMean", x, **axes))
    square = sheet.op("Mul", centred, centred) if by == "Mul" else sheet.op("Pow", centred, sheet.constant(2.0))
    under = sheet.op("Add", sheet.op("ReduceMean", square, **axes), sheet.constant(1e-5))
    if by == "Pow":
        return sheet.op("Mul", centred, sheet.op("Pow", under, sheet.constant(-0.5)))
    root = sheet.op("Sqrt", under)
    if by == "Mul":
        return sheet.op("Mul", centred, sheet.op("Reciprocal", root))
    return sheet.op("Div", centred, root)


@pytest.mark.parametrize("by", ["Div", "Mul", "Pow"])
def test_a_layer_norm_in_parts_is_one_node_with_its_gain_and_bias(by: str) -> None:
    sheet = Sheet(x=(2, 6))
    y = sheet.op("Add", sheet.op("Mul", layer_norm(sheet, "x", by), sheet.weight(6)), sheet.weight(6))
    normal = same(sheet.graph(y))
    assert operators(normal) == ["LayerNormalization"]
    assert len(normal.graph.nodes[0].inputs) == 3


def test_a_softmax_in_parts_is_one_node() -> None:
    sheet = Sheet(x=(2, 6))
    power = sheet.op("Exp", sheet.op("Sub", "x", sheet.op("ReduceMax", "x", axes=(1,))))
    total = sheet.op("ReduceSum", power, sheet.constant([1], dtype=np.int64))
    normal = same(sheet.graph(sheet.op("Div", power, total)))
    assert operators(normal) == ["Softmax"]
    assert normal.graph.nodes[0].attributes == {"axis": 1}


def test_division_and_extremes_of_two_values_are_said_in_sums_products_and_tables() -> None:
    sheet = Sheet(x=(2, 6), y=(2, 6))
    positive = sheet.op("Exp", "y")
    outs = sheet.op("Div", "x", positive), sheet.op("Max", "x", "y"), sheet.op("Min", "x", "y")
    assert Counter(operators(same(sheet.graph(*outs)))) == {"Table": 3, "Mul": 1, "Sub": 3, "Add": 1}


@pytest.mark.parametrize(("shape", "expected"), [((9, 4), ["Embedding"]), ((1, 9, 2, 2), ["Embedding", "View"])])
def test_rows_of_a_constant_that_a_token_picks_are_an_embedding(shape: tuple[int, ...], expected: list[str]) -> None:
    sheet = Sheet()
    rows = sheet.op("Gather", sheet.weight(*shape), sheet.token("y", 1, 2), axis=len(shape) // 4)
    assert operators(same(sheet.graph(rows))) == expected


def test_zeros_before_a_convolution_are_its_own_pads() -> None:
    sheet = Sheet(x=(1, 3, 8))
    padded = sheet.op("Pad", "x", sheet.constant([0, 0, 2, 0, 0, 1], dtype=np.int64))
    normal = same(sheet.graph(sheet.op("Conv", padded, sheet.weight(4, 3, 3), kernel_shape=(3,), strides=(1,),
                                       dilations=(1,), pads=(0, 0))))  # fmt: skip
    assert operators(normal) == ["Conv"]
    assert normal.graph.nodes[0].attributes["pads"] == (2, 1)


@pytest.mark.parametrize(
    ("shape", "strides", "group", "operator"), [((1, 4, 1), (3,), 1, "Linear"), ((1, 4, 5), (1,), 2, "Conv")]
)
def test_a_transposed_convolution_over_one_place_or_of_stride_one_is_a_plain_product(
    shape: tuple[int, ...], strides: tuple[int, ...], group: int, operator: str
) -> None:
    sheet = Sheet(x=shape)
    y = sheet.op("ConvTranspose", "x", sheet.weight(4, 3, 3), sheet.weight(3 * group), kernel_shape=(3,),
                 strides=strides, dilations=(1,), pads=(0, 0), output_padding=(0,), group=group)  # fmt: skip
    assert operator in operators(same(sheet.graph(y)))


def test_overlapping_pieces_of_a_transposed_convolution_stay() -> None:
    sheet = Sheet(x=(1, 4, 5))
    y = sheet.op("ConvTranspose", "x", sheet.weight(4, 3, 3), kernel_shape=(3,), strides=(2,), dilations=(1,),
                 pads=(0, 0), output_padding=(0,))  # fmt: skip
    assert operators(same(sheet.graph(y))) == ["ConvTranspose"]


def test_a_state_of_all_layers_is_a_state_for_each() -> None:
    sheet = Sheet(x=(1, 1, 6), h=(2, 1, 4), c=(2, 1, 4))
    y, hs, cs = "x", [], []
    for layer in range(2):
        h, c = (sheet.slice(state, 0, layer, layer + 1) for state in ("h", "c"))
        y, h, c = sheet.lstm(y, 4, h, c, name=f"lstm{layer}")
        y = sheet.reshape(y, 1, 1, 4)
        hs.append(h)
        cs.append(c)
    initial = sheet.constant(np.arange(8).reshape(2, 1, 4))
    sheet.state("h", sheet.op("Concat", *hs, axis=0), initial)
    sheet.state("c", sheet.op("Concat", *cs, axis=0))
    normal = same(sheet.graph(y))
    assert operators(normal) == ["LSTM", "View", "LSTM", "View"]
    assert len(normal.graph.states) == 4
    starts = [normal.graph.constants[state.initial] for state in normal.graph.states if state.initial]
    np.testing.assert_array_equal(np.concatenate(starts).reshape(-1), np.arange(8))


def test_a_state_whose_parts_are_interleaved_is_taken_apart_too() -> None:
    sheet = Sheet(x=(1, 1, 6), s=(1, 4, 2))
    h, c = (sheet.reshape(sheet.slice("s", 2, part, part + 1), 1, 1, 4) for part in range(2))
    y, h, c = sheet.lstm("x", 4, h, c)
    packed = sheet.op("Concat", sheet.reshape(h, 1, 4, 1), sheet.reshape(c, 1, 4, 1), axis=2)
    sheet.state("s", packed)
    normal = same(sheet.graph(y))
    assert [node.operator for node in normal.graph.nodes if node.operator != "View"] == ["LSTM"]
    assert len(normal.graph.states) == 2


def test_a_window_whose_end_is_the_next_state_is_a_register_of_its_length() -> None:
    sheet = Sheet(x=(1, 4, 2), cache=(1, 4, 3))
    window = sheet.op("Concat", "cache", "x", axis=2)
    sheet.state("cache", sheet.slice(window, 2, 2, 5), sheet.constant(np.ones((1, 4, 3))))
    graph = standard_form(sheet.graph(silu(sheet, window)))
    normal = normalised(graph)
    assert operators(normal) == ["Shift", "Table"]
    (state,) = normal.graph.states
    assert state.output == window
    np.testing.assert_array_equal(normal.graph.constants[state.initial][0, 0], [0, 0, 1, 1, 1])
    # What two calls see is what they see in the graph as it was exported.
    run, held = FloatRun(graph), {state.input: normal.graph.constants[state.initial]}
    cache = np.ones((1, 4, 3), np.float32)
    for seed in range(2):
        x = random_inputs(graph, seed)["x"]
        run({"x": x, "cache": cache})
        cache = run.value("slice1.out")
        found = run_normal(normal, {"x": x, **held})
        held = {state.input: found[window]}
        np.testing.assert_array_equal(found[window], run.value(window))


def test_old_elements_but_the_first_and_the_new_are_a_register_too() -> None:
    sheet = Sheet(x=(1, 2, 4), stack=(1, 6, 4))
    sheet.state("stack", sheet.op("Concat", sheet.slice("stack", 1, 2, 6), "x", axis=1))
    normal = same(sheet.graph())
    assert operators(normal) == ["Shift"]
    assert len(normal.folded) == 1


def written_out(order: str = "ifgo") -> tuple[Sheet, str, str]:
    """An LSTM cell gate by gate; returns its h and the sum that its gates are parts of."""
    sheet = Sheet(x=(1, 6), h=(1, 4), c=(1, 4))
    products = [sheet.op("MatMul", x, sheet.weight(sheet.shape(x)[-1], 16)) for x in ("h", "x")]
    total = sheet.op("Add", sheet.op("Add", *products), sheet.weight(16))
    sizes = sheet.constant([4, 4, 4, 4], dtype=np.int64)
    parts = dict(zip(order, sheet.outs(sheet.op("Split", total, sizes, axis=1, outputs=4)), strict=True))
    i, f, o = (sheet.op("Sigmoid", parts[gate]) for gate in "ifo")
    kept = sheet.op("Mul", f, "c")
    c = sheet.op("Add", kept, sheet.op("Mul", i, sheet.op("Tanh", parts["g"])))
    h = sheet.op("Mul", o, sheet.op("Tanh", c), name="cell")
    sheet.state("h", h)
    sheet.state("c", c)
    return sheet, h, total


@pytest.mark.parametrize("order", ["ifgo", "ofig"])
def test_a_cell_that_is_written_out_is_an_lstm(order: str) -> None:
    sheet, h, _ = written_out(order)
    normal = same(sheet.graph(h))
    assert [node.operator for node in normal.graph.nodes if node.operator != "View"] == ["LSTM"]
    made = lowered(sheet.graph(h))
    assert made.ledger.counts == {"chip": 13, "cpu": 0, "view": 0, "folded": 1, "refused": 0}
    assert Counter(op.kind for op in made.trace.graphs["step"].ops)["sigmoid"] == 1


def test_a_cell_whose_gates_are_read_elsewhere_stays_in_its_parts() -> None:
    sheet, h, total = written_out()
    normal = same(sheet.graph(h, sheet.op("Relu", total)))
    assert "LSTM" not in operators(normal)


def test_one_number_spread_over_a_whole_tensor_is_that_number() -> None:
    """log(exp(0) + exp(x)) of the greater and the distance, as exporters write it with a tensor of zeros."""
    sheet = Sheet(x=(2, 8))
    greater = sheet.op("Max", sheet.constant(np.zeros((2, 8))), "x")
    apart = sheet.op("Exp", sheet.op("Neg", sheet.op("Abs", "x")))
    total = sheet.op("Add", greater, sheet.op("Log", sheet.op("Add", apart, sheet.constant(1.0))))
    assert operators(same(sheet.graph(total))) == ["Table"]


@pytest.mark.parametrize(("heads", "time", "left"), [(1, 4, 8), (4, 4, 8), (2, 1, 3), (3, 2, 0)])
def test_scores_by_distance_are_cut_out_of_longer_rows(heads: int, time: int, left: int) -> None:
    """Each frame reads one place further to the left than the frame before."""
    seen = time + left
    places = np.tile(np.arange(time - 1, -1, -1)[:, None] + np.arange(seen), (heads, 1))
    sheet = Sheet(x=(heads * time, 2 * time - 1 + left))
    normal = same(sheet.graph(sheet.op("GatherElements", "x", sheet.constant(places, dtype=np.int64), axis=1)))
    assert set(operators(normal)) <= {"View", "Slice"}


def test_uneven_places_are_picked_one_by_one() -> None:
    sheet = Sheet(x=(3, 8))
    for places in ([[0, 1], [3, 4], [5, 6]], [[0, 2], [1, 3], [2, 4]], [[7, 6], [6, 5], [5, 4]]):
        graph = sheet.graph(sheet.op("GatherElements", "x", sheet.constant(places, dtype=np.int64), axis=1))
        assert "GatherElements" in operators(same(graph))


def test_a_product_by_several_constant_matrices_is_a_linear_layer_of_each() -> None:
    sheet = Sheet(x=(1, 4, 3, 5))
    matrices = sheet.constant(np.random.default_rng(0).standard_normal((1, 4, 5, 6)).astype(np.float32))
    normal = same(sheet.graph(sheet.op("MatMul", "x", matrices)))
    assert Counter(operators(normal)) == {"Linear": 4, "Split": 1, "Concat": 1, "View": 2}
