"""What each node becomes in a trace, and what a model that cannot enter is told."""

from collections import Counter

import numpy as np
import pytest

from nnasim.errors import ConfigError
from nnasim.hardware import load_preset
from nnasim.ir.attributes import Add, Concat, Copy, Host
from nnasim.ir.trace import Utterance
from nnasim.numerics.config import NumericsConfig
from nnasim.pipeline import simulate
from tests.workloads.stepgraph.hand_made import Sheet
from tests.workloads.stepgraph.imports import STEP, kinds, lowered, operations
from tests.workloads.stepgraph.small import decoder, encoder, joiner
from workloads.stepgraph.decoding.decoding_graphs import decoding_graphs, decoding_links
from workloads.stepgraph.decoding.transducer import transducer
from workloads.stepgraph.lowering.lowering import to_trace
from workloads.stepgraph.refusals import RefusedModelError

LSTM_KINDS = [
    "matmul", "requantise", "matmul", "requantise", "add", "sigmoid", "tanh", "mul", "mul", "add", "tanh", "mul",
]  # fmt: skip


def lstm_sheet(steps: int = 1, projection: int = 0) -> tuple[Sheet, str]:
    out = projection or 4
    sheet = Sheet(x=(steps, 1, 6), h=(1, 1, out), c=(1, 1, 4))
    y, h, c = sheet.lstm("x", 4, "h", "c", projection=projection)
    sheet.state("h", h)
    sheet.state("c", c)
    return sheet, y


def test_an_lstm_is_the_recognisers_operations_and_writes_its_states_in_place() -> None:
    sheet, y = lstm_sheet()
    made = lowered(sheet.graph(y))
    assert kinds(made) == ["quantise", *LSTM_KINDS, "copy"]
    tensors = made.trace.tensors
    assert [op.outputs for op in operations(made) if tensors[op.outputs[0]].role == "state"] == [("c",), ("h",)]
    shown = operations(made)[-1]
    assert shown.inputs == ("h",)
    assert shown.attributes == Copy(view=True)
    assert tensors[shown.outputs[0]].role == "output"


def test_a_projection_is_one_product_more() -> None:
    sheet, y = lstm_sheet(projection=3)
    made = lowered(sheet.graph(y))
    assert kinds(made) == ["quantise", *LSTM_KINDS, "matmul", "requantise", "copy"]
    assert made.ledger.macs == 16 * (6 + 3) + 3 * 4


def test_several_steps_of_a_call_multiply_all_inputs_at_once() -> None:
    sheet, y = lstm_sheet(steps=3)
    made = lowered(sheet.graph(y))
    counts = Counter(kinds(made))
    assert counts["matmul"] == 1 + 3
    assert counts["split"] == 1
    assert made.trace.tensors[made.wires[STEP, y].tensor].shape == (3, 4)
    assert made.ledger.macs == 3 * 16 * (6 + 4)


@pytest.mark.parametrize(("linear_before_reset", "products"), [(1, 2), (0, 3)])
def test_a_gru_resets_the_product_or_what_is_multiplied(linear_before_reset: int, products: int) -> None:
    sheet = Sheet(x=(1, 1, 6), h=(1, 1, 4))
    operands = sheet.weight(1, 12, 6), sheet.weight(1, 12, 4), sheet.weight(1, 24)
    y = sheet.op("GRU", "x", *operands, "", "h", outputs=2, hidden_size=4, linear_before_reset=linear_before_reset)
    sheet.state("h", sheet.outs(y)[1])
    made = lowered(sheet.graph(y))
    counts = Counter(kinds(made))
    assert counts["matmul"] == products
    assert (counts["sigmoid"], counts["tanh"], counts["mul"]) == (1, 1, 2)
    assert made.ledger.macs == 12 * (6 + 4)


def test_attention_is_products_of_two_values_and_a_softmax() -> None:
    sheet = Sheet(q=(1, 3, 8), k=(1, 5, 8), v=(1, 5, 8))
    sizes = {"q": 3, "k": 5, "v": 5}
    heads = {name: sheet.reshape(name, 1, size, 2, 4) for name, size in sizes.items()}
    q, k, v = (sheet.op("Transpose", value, perm=(0, 2, 1, 3)) for value in heads.values())
    scores = sheet.op("MatMul", q, sheet.op("Transpose", k, perm=(0, 1, 3, 2)))
    shares = sheet.op("Softmax", sheet.op("Mul", scores, sheet.constant(0.5)), axis=3)
    made = lowered(sheet.graph(sheet.op("MatMul", shares, v)))
    counts = Counter(kinds(made))
    assert (counts["bmm"], counts["softmax"], counts["mul"]) == (2, 1, 0)
    assert made.ledger.macs == 2 * (2 * 3 * 5 * 4)


def test_a_convolution_and_the_function_behind_it_need_no_view_between_them() -> None:
    sheet = Sheet(x=(1, 8, 3))
    y = sheet.op("Conv", "x", sheet.weight(4, 8, 3), sheet.weight(4), kernel_shape=(3,), strides=(1,), dilations=(1,),
                 pads=(0, 0))  # fmt: skip
    made = lowered(sheet.graph(sheet.reshape(sheet.op("Relu", y), 1, 4)))
    assert kinds(made) == ["quantise", "conv", "requantise", "table"]


def test_operands_of_different_shape_are_stretched_and_a_constant_is_one() -> None:
    sheet = Sheet(x=(3, 4), y=(3, 1))
    made = lowered(sheet.graph(sheet.op("Sub", sheet.op("Add", "x", "y"), sheet.weight(3, 4))))
    first, second = (op for op in operations(made) if op.kind == "add")
    assert first.attributes == Add(broadcast=True)
    assert second.attributes == Add(subtract=True)
    assert made.trace.tensors[second.inputs[1]].role == "bias"


def test_a_register_is_shifted_where_it_stands() -> None:
    sheet = Sheet(x=(1, 4, 2), cache=(1, 4, 3))
    window = sheet.op("Concat", "cache", "x", axis=2)
    sheet.state("cache", sheet.slice(window, 2, 2, 5))
    made = lowered(sheet.graph(sheet.op("Relu", window)))
    (concat,) = (op for op in operations(made) if op.kind == "concat")
    assert concat.attributes == Concat(axis=1, shift=True)
    assert "slice" not in kinds(made)


def test_a_state_that_is_read_behind_its_writing_is_copied_when_the_call_is_done() -> None:
    sheet = Sheet(x=(1, 4), s=(1, 4))
    new = sheet.op("Add", "x", "s")
    sheet.state("s", new)
    made = lowered(sheet.graph(sheet.op("Mul", new, "s")))
    assert kinds(made)[-1] == "copy"
    assert operations(made)[-1].outputs == ("s",)


def test_what_is_given_to_the_host_is_an_output_whatever_it_is_the_same_integers_as() -> None:
    sheet = Sheet(x=(1, 4))
    made = lowered(sheet.graph(sheet.op("ReduceSum", "x", sheet.constant([1], dtype=np.int64))))
    assert [spec.role for spec in made.trace.tensors.values()].count("output") == 1


def test_the_edges_of_an_input_are_pieces_of_it() -> None:
    sheet = Sheet(x=(1, 6))
    made = lowered(sheet.graph(sheet.op("Pad", "x", sheet.constant([0, 2, 0, 1], dtype=np.int64), mode="reflect")))
    assert Counter(kinds(made)) == {"quantise": 1, "slice": 2, "concat": 1, "copy": 1}


def test_a_function_of_whole_numbers_is_refused_and_may_go_to_the_cpu() -> None:
    sheet = Sheet()
    doubled = sheet.op("Mul", sheet.token("n", 1), sheet.constant([2], dtype=np.int64), name="count")
    with pytest.raises(RefusedModelError, match=r"count \(Mul\).*whole numbers.*let the CPU run it"):
        lowered(sheet.graph(doubled))
    made = lowered(sheet.graph(doubled), on_cpu=["count"])
    assert kinds(made) == ["host"]
    assert made.ledger.counts["cpu"] == 1


def test_everything_that_cannot_enter_is_said_at_once() -> None:
    sheet = Sheet(x=(2, 4, 5), y=(1, 4))
    wide = sheet.op("Conv", "x", sheet.weight(4, 4, 3), name="wide", kernel_shape=(3,), strides=(1,), dilations=(1,),
                    pads=(0, 0))  # fmt: skip
    power = sheet.op("Pow", "y", sheet.op("Relu", "y"), name="power")
    sums = sheet.op("CumSum", "y", sheet.constant(1, dtype=np.int64), name="sums")
    both = sheet.op("Pow", "y", sums, name="both")
    with pytest.raises(RefusedModelError) as refused:
        lowered(sheet.graph(wide, power, both))
    assert {refusal.name for refusal in refused.value.refusals} == {"wide", "sums", "both"}
    assert "batch of 2" in str(refused.value)


def test_values_without_elements_are_refused() -> None:
    sheet = Sheet(x=(1, 2, 4), cache=(1, 0, 4))
    with pytest.raises(RefusedModelError, match=r"cache, .*: has no elements"):
        lowered(sheet.graph(sheet.op("Concat", "cache", "x", axis=1), sheet.op("Relu", "cache")))


def test_an_index_of_a_large_vocabulary_has_32_bits() -> None:
    sheet = Sheet()
    rows = sheet.op("Gather", sheet.weight(40_000, 2), sheet.token("y", 1), axis=0)
    made = lowered(sheet.graph(rows))
    assert made.trace.tensors["y"].bits == 32


def test_a_product_that_only_the_cpu_can_do_is_priced_by_what_it_multiplies() -> None:
    sheet = Sheet(x=(1, 4, 5))
    y = sheet.op("ConvTranspose", "x", sheet.weight(4, 3, 3), name="up", kernel_shape=(3,), strides=(2,),
                 dilations=(1,), pads=(0, 0), output_padding=(0,))  # fmt: skip
    with pytest.raises(RefusedModelError, match="adds pieces that overlap"):
        lowered(sheet.graph(y))
    made = lowered(sheet.graph(y), on_cpu=["ConvTranspose"])
    assert operations(made)[-1].attributes == Host(operator="ConvTranspose", macs=20 * 9)


def test_what_the_user_gives_to_the_cpu_is_placed_there_by_operator_or_name() -> None:
    sheet = Sheet(x=(1, 4))
    y = sheet.op("Softmax", sheet.op("Relu", "x", name="block/relu"), axis=1, name="block/softmax")
    by_operator, by_pattern = lowered(sheet.graph(y), on_cpu=["Softmax"]), lowered(sheet.graph(y), on_cpu=["block/*"])
    assert by_operator.trace.op_placement == {"block/softmax": "cpu"}
    assert set(by_pattern.trace.op_placement) == {"block/softmax", "block/relu"}
    assert by_pattern.ledger.counts["cpu"] == 2


def test_a_wish_for_the_cpu_that_fits_nothing_is_refused() -> None:
    sheet = Sheet(x=(1, 4))
    with pytest.raises(ConfigError, match=r"TopK.*is no node's name and no operator: Relu"):
        lowered(sheet.graph(sheet.op("Relu", "x")), on_cpu=["TopK"])


def test_a_transducers_graphs_hand_each_other_rows_and_symbols_in_tensors_of_their_own() -> None:
    model = transducer(encoder(), decoder(), joiner())
    calls = Utterance(id="u", audio_seconds=1, arrivals=(1.0,), call_graphs=("decoder", "encoder", "row.0", "joiner"),
                      call_frames=(0,) * 4)  # fmt: skip
    made = to_trace(decoding_graphs(model), [calls], NumericsConfig(), links=decoding_links(model))
    assert made.wires["row.0", "row"].tensor == made.wires["row.1", "row"].tensor
    assert made.wires["row.0", "row"].tensor == made.wires["joiner", model.joins_encoded].tensor
    passed = ("encoder", "encoder_out"), ("row.0", "row"), ("decoder", "decoder_out"), ("joiner", "symbol")
    assert {made.trace.tensors[made.wires[key].tensor].role for key in passed} == {"state"}
    simulate(made.trace, load_preset("edge256"))


def test_the_rule_of_fusion_stands_in_the_trace() -> None:
    sheet = Sheet(x=(1, 4))
    assert "one table" in str(lowered(sheet.graph(sheet.op("Relu", "x"))).trace.source["fusion"])


def test_names_of_layers_are_the_exporters_modules() -> None:
    sheet = Sheet(x=(1, 4))
    y = sheet.op(
        "Relu", sheet.op("MatMul", "x", sheet.weight(4, 4), name="/encoder/layers.0/linear/MatMul"), name="relu"
    )
    assert [op.layer for op in operations(lowered(sheet.graph(y)))] == [
        "x", "encoder/layers.0/linear", "encoder/layers.0/linear", "relu",
    ]  # fmt: skip
