"""A mixed placement lies between known arithmetics: at its ends it is one of them, bit for bit."""

from __future__ import annotations

import pytest
import torch

from aat_training.data.batches import stacked
from aat_training.decode.greedy import GreedyDecoder
from aat_training.model.build import build_model, load_parameters, model_tensors
from aat_training.model.float_arithmetic import FloatArithmetic
from aat_training.quant.lstm_kernel import reordered
from aat_training.quant.placed_arithmetic import PlacedArithmetic
from aat_training.quant.placed_op import Format, PlacedOp
from nnasim.ir.trace import OP_GROUPS, placement_of
from nnasim.numerics.config import NumericsConfig
from tests.aat_training.quant.chips import CHIPS
from workloads.rnnt.builder import build_graphs


@pytest.fixture
def placed_model(recipe, on_chip):
    """(numerics, placement by group) -> the same weights, each operation where it is placed."""

    def build(numerics, placement):
        chip = on_chip(numerics)
        _, graphs = build_graphs(chip.shape, numerics, "aat")
        units = {op.name: placement[op.group] for graph in graphs.values() for op in graph.ops}
        model = build_model(recipe, chip.shape.outputs, PlacedArithmetic(chip.arithmetic.scheme, units))
        load_parameters(model, {name[6:]: value for name, value in model_tensors(chip).items()}, "test")
        return model.eval()

    return build


def decoded(model, example, recipe):
    decoder = GreedyDecoder(model, recipe.model.max_symbols, keep_logits=True)
    decoder.feed(stacked(example.x_TD, recipe.model.stack))
    return decoder.decoded.tokens, torch.stack(decoder.decoded.logits)


def assert_same(placed, expected, examples, recipe):
    seen = 0
    for example in examples[:3]:
        (tokens, logits), (expected_tokens, expected_logits) = (
            decoded(model, example, recipe) for model in (placed, expected)
        )
        assert tokens == expected_tokens
        assert torch.equal(logits, expected_logits)
        seen += len(expected_logits.unique())
    assert seen > 20  # logits that never move would agree with anything


@pytest.mark.parametrize("name", CHIPS)
@pytest.mark.parametrize("input_quantise", ["cpu", "nna"])
def test_everything_on_the_chip_is_the_chip(name, input_quantise, placed_model, on_chip, examples, recipe):
    numerics = NumericsConfig(**CHIPS[name])
    everything = {**placement_of("aat"), "input_quantise": input_quantise}
    assert_same(placed_model(numerics, everything), on_chip(numerics), examples, recipe)


@pytest.mark.parametrize("name", CHIPS)
def test_products_alone_on_the_chip_are_the_fallback(name, placed_model, on_chip, examples, recipe):
    numerics = NumericsConfig(**CHIPS[name])
    expected = on_chip(numerics, fallback=True)
    assert_same(placed_model(numerics, placement_of("cpu_fallback")), expected, examples, recipe)


def stored(model):
    """Parameters of ``model`` as the chip stores them, real-valued again."""
    chip = model.arithmetic
    tensors = {name[6:]: torch.from_numpy(value) for name, value in model_tensors(model).items()}
    for name in (name for name in model.layers):
        weights = chip.frozen_weights(model.recurrent(name))
        bias = (weights.bias.double() * torch.from_numpy(weights.scale_x.acc_step)).float()
        for part, rows in (("weight_ih", weights.real_x), ("weight_hh", weights.real_h), ("bias_ih", bias)):
            tensors[f"layers.{name}.{part}_l0"] = reordered(rows)
    for name in ("joint_enc", "joint_pred", "output"):
        linear = chip.linear(model.linear(name))
        tensors[f"{name}.weight"] = linear.weight * torch.from_numpy(linear.scale.weight_step).float()[:, None]
        if linear.bias is not None:
            tensors[f"{name}.bias"] = (linear.bias.double() * torch.from_numpy(linear.scale.acc_step)).float()
    tensors["embedding.weight"] = chip.embedding_rows(model) * chip.scheme.embedding_step
    return {name: value.detach().numpy() for name, value in tensors.items()}


@pytest.mark.parametrize("name", ["lut8, int8 cell", "int4 weights", "int16 activations"])
def test_everything_on_the_cpu_is_float_with_the_stored_weights(name, placed_model, on_chip, examples, recipe):
    numerics = NumericsConfig(**CHIPS[name])
    chip = on_chip(numerics)
    expected = build_model(recipe, chip.shape.outputs, FloatArithmetic())
    load_parameters(expected, stored(chip), "test")
    assert_same(placed_model(numerics, dict.fromkeys(OP_GROUPS, "cpu")), expected.eval(), examples, recipe)


@pytest.mark.parametrize("moved", ["gate_activation", "element_wise", "cell_tanh", "joint_tanh", "matmul"])
def test_each_group_that_moves_changes_the_logits(moved, placed_model, on_chip, examples, recipe):
    # With an int8 cell state the tanh of a table and the CPU's, rounded to int8, would be the same numbers.
    numerics = NumericsConfig(cell_bits=16)
    other = placed_model(numerics, {**placement_of("aat"), moved: "cpu"})
    _, logits = decoded(other, examples[0], recipe)
    _, chip = decoded(on_chip(numerics), examples[0], recipe)
    shortest = min(len(logits), len(chip))
    assert not torch.equal(logits[:shortest], chip[:shortest])


def test_chunks_change_nothing(placed_model, examples, recipe):
    model = placed_model(NumericsConfig(), {**placement_of("aat"), "cell_tanh": "cpu"})
    frames = stacked(examples[0].x_TD, recipe.model.stack)
    whole, pieces = (GreedyDecoder(model, recipe.model.max_symbols, keep_logits=True) for _ in range(2))
    whole.feed(frames)
    for chunk in torch.tensor_split(frames, [1, 3, 4]):
        pieces.feed(chunk)
    assert torch.equal(torch.stack(whole.decoded.logits), torch.stack(pieces.decoded.logits))


def test_a_format_rounds_half_up_saturates_and_leaves_the_chips_own_values_alone():
    form = Format(128.0, 8)
    values = torch.tensor([0.5 / 128, -0.5 / 128, 1.0, -2.0, 0.25])
    assert form.integers(values).tolist() == [1, 0, 127, -128, 32]
    integers = torch.arange(-128.0, 128.0)
    odd = Format(1 / 0.0371, 8)
    assert torch.equal(odd.integers(odd.real(integers)), integers.double())


def test_an_operation_computes_on_integers_on_the_chip_alone():
    form = Format(4.0, 8)
    halve = [PlacedOp(on, (form,), form, lambda x: (x / 2).floor(), lambda x: x / 2) for on in (True, False)]
    assert [float(op(torch.tensor(0.75))) for op in halve] == [0.25, 0.375]
