"""Calibrated graphs in integers: near the float graph, and the same on the chip as in the reference."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.workloads.stepgraph.exact import FINE, HARSH, SMALL, exact, noise
from tests.workloads.stepgraph.hand_made import Sheet
from tests.workloads.stepgraph.imports import lowered
from workloads.stepgraph.graph import StepGraph
from workloads.stepgraph.integers.calibration import calibrate
from workloads.stepgraph.standard import standard_form

NUMERICS = {"8 bits": (HARSH, 29.0), "16 bits": (FINE, 43.0)}
MODELS: dict[str, Callable[[], StepGraph]] = {}


def model(make: Callable[[], StepGraph]) -> Callable[[], StepGraph]:
    MODELS[make.__name__] = make
    return make


@model
def one_number_of_a_whole_call() -> StepGraph:
    sheet = Sheet(x=(4, 16))
    level = sheet.op("ReduceMean", sheet.op("Abs", "x"), axes=(0, 1), keepdims=0)
    product = sheet.op("MatMul", sheet.op("Mul", "x", level), sheet.weight(16, 8))
    return sheet.graph(product, sheet.op("ReduceSum", product, sheet.constant([0, 1], dtype=np.int64), keepdims=0))


@model
def the_loudest_of_all_frames() -> StepGraph:
    sheet = Sheet(x=(5, 16))
    frames = sheet.op("Atan", sheet.op("MatMul", "x", sheet.weight(16, 8)))
    chomped = sheet.op("Pad", frames, sheet.constant([0, -1, 0, 1], dtype=np.int64), sheet.constant(0), mode="constant")
    return sheet.graph(sheet.op("ReduceMax", chomped, axes=(0,), keepdims=0), sheet.op("ReduceMin", frames, axes=(1,)))


@model
def linear() -> StepGraph:
    sheet = Sheet(x=(3, 16))
    return sheet.graph(sheet.op("Add", sheet.op("MatMul", "x", sheet.weight(16, 8)), sheet.weight(8)))


def recurrent(steps: int, projection: int = 0) -> StepGraph:
    sheet = Sheet(x=(steps, 1, 6), h=(1, 1, projection or 8), c=(1, 1, 8))
    y, h, c = sheet.lstm("x", 8, "h", "c", projection=projection)
    sheet.state("h", h)
    sheet.state("c", c)
    return sheet.graph(y)


@model
def lstm() -> StepGraph:
    return recurrent(1)


@model
def lstm_with_projection() -> StepGraph:
    return recurrent(1, projection=5)


@model
def lstm_over_three_steps() -> StepGraph:
    return recurrent(3)


def gated(linear_before_reset: int, steps: int = 1) -> StepGraph:
    sheet = Sheet(x=(steps, 1, 6), h=(1, 1, 8))
    y, h = sheet.gru("x", 8, "h", linear_before_reset)
    sheet.state("h", h)
    return sheet.graph(y)


@model
def gru_that_resets_the_product() -> StepGraph:
    return gated(1)


@model
def gru_that_resets_h() -> StepGraph:
    return gated(0, steps=2)


@model
def convolutions() -> StepGraph:
    sheet = Sheet(x=(1, 6, 12))
    whole = sheet.op("Relu", sheet.conv("x", 4, 3, stride=2, pads=(1, 1)))
    return sheet.graph(sheet.conv(whole, 8, 2, group=4, dilation=2), sheet.conv("x", 6, 3, group=6, bias=False))


@model
def convolution_over_two_axes() -> StepGraph:
    sheet = Sheet(x=(1, 3, 8, 9))
    return sheet.graph(sheet.conv("x", 4, 3, 3, pads=(1, 0, 1, 0)))


@model
def cached_convolution() -> StepGraph:
    sheet = Sheet(x=(1, 4, 2), cache=(1, 4, 3))
    window = sheet.op("Concat", "cache", "x", axis=2)
    sheet.state("cache", sheet.slice(window, 2, 2, 5), sheet.constant(np.ones((1, 4, 3))))
    return sheet.graph(sheet.conv(window, 4, 3))


@model
def attention() -> StepGraph:
    sheet = Sheet(q=(1, 3, 8), k=(1, 5, 8), v=(1, 5, 8))
    return sheet.graph(sheet.attention("q", "k", "v", 2))


@model
def residual_block() -> StepGraph:
    sheet = Sheet(x=(2, 16))
    y = sheet.op("Add", "x", sheet.op("Mul", sheet.op("MatMul", "x", sheet.weight(16, 16)), sheet.constant(0.1)))
    z = sheet.op("LayerNormalization", y, sheet.weight(16), sheet.weight(16), axis=1)
    return sheet.graph(sheet.op("Sub", y, sheet.op("MatMul", z, sheet.weight(16, 16))))


@model
def functions() -> StepGraph:
    sheet = Sheet(x=(2, 16))
    root = sheet.op("Sqrt", sheet.op("Add", sheet.op("Mul", "x", "x"), sheet.constant(0.5)))
    return sheet.graph(sheet.op("Mul", "x", sheet.op("Sigmoid", "x")), root, sheet.op("Gelu", "x"))


@model
def pairs() -> StepGraph:
    sheet = Sheet(x=(2, 16), y=(2, 16))
    ratio = sheet.op("Div", "x", sheet.op("Add", sheet.op("Abs", "y"), sheet.constant(1.0)))
    return sheet.graph(ratio, sheet.op("Max", "x", "y"), sheet.op("Mul", "x", sheet.op("ReduceMean", "y", axes=(1,))))


@model
def constant_operands() -> StepGraph:
    sheet = Sheet(x=(3, 8))
    scaled = sheet.op("Mul", "x", sheet.constant(sheet.random.normal(size=8)))
    return sheet.graph(sheet.op("Sub", sheet.constant(sheet.random.normal(size=(3, 8))), scaled))


@model
def joint_of_values_of_different_reach() -> StepGraph:
    sheet = Sheet(x=(1, 1, 6), z=(1, 1, 8), h=(1, 1, 8), c=(1, 1, 8))
    y, h, c = sheet.lstm("x", 8, "h", "c")
    sheet.state("h", h)
    sheet.state("c", c)
    joint = sheet.op("Concat", sheet.reshape(y, 1, 1, 8), sheet.op("Mul", "z", sheet.constant(4.0)), axis=2)
    return sheet.graph(sheet.op("MatMul", joint, sheet.weight(16, 4)))


@model
def embedding() -> StepGraph:
    sheet = Sheet()
    rows = sheet.op("Gather", sheet.weight(5, 8), sheet.token("y", 1, 2), axis=0)
    return sheet.graph(sheet.op("MatMul", sheet.reshape(rows, 1, 16), sheet.weight(16, 4)))


@model
def edges() -> StepGraph:
    sheet = Sheet(x=(1, 6))
    return sheet.graph(sheet.op("Pad", "x", sheet.constant([0, 2, 0, 1], dtype=np.int64), mode="reflect"))


@model
def factor_of_an_old_state() -> StepGraph:
    sheet = Sheet(x=(1, 8), s=(1, 8))
    old = sheet.op("Mul", "s", sheet.constant(2.0))
    new = sheet.op("Tanh", sheet.op("MatMul", "x", sheet.weight(8, 8)))
    sheet.state("s", new)
    return sheet.graph(sheet.op("Mul", new, old), old)


@model
def leaky_state() -> StepGraph:
    sheet = Sheet(x=(1, 8), s=(1, 8))
    kept = sheet.op("Add", sheet.op("MatMul", "x", sheet.weight(8, 8)), sheet.op("Mul", "s", sheet.constant(0.5)))
    sheet.state("s", kept, sheet.constant(np.ones((1, 8))))
    return sheet.graph(sheet.op("Tanh", kept))


@model
def attention_over_what_there_is_of_the_past() -> StepGraph:
    sheet = Sheet(x=(1, 2, 8), keys=(1, 6, 8))
    sheet.token("count", 1)
    past = sheet.op("Concat", "keys", "x", axis=1)
    sheet.state("keys", sheet.slice(past, 1, 2, 8))
    q, k = (sheet.op("MatMul", x, sheet.weight(8, 8)) for x in ("x", past))
    scores = sheet.op("MatMul", q, sheet.op("Transpose", k, perm=(0, 2, 1)))
    absent = sheet.op("GreaterOrEqual", sheet.constant(range(7, -1, -1), dtype=np.int64), "count")
    masked = sheet.op("Where", absent, sheet.constant(-1000.0), scores)
    sheet.state(
        "count", sheet.op("Add", "count", sheet.constant(2, dtype=np.int64)), sheet.constant([2], dtype=np.int64)
    )
    return sheet.graph(sheet.op("MatMul", sheet.op("Softmax", masked, axis=2), past))


def masked_attention(mask: Callable[[Sheet, str], str], spread: float = 0.7) -> StepGraph:
    """Two frames hear six that came before, and one another as far as ``mask`` leaves their logits."""
    sheet = Sheet(x=(1, 2, 8), keys=(1, 6, 8))
    past = sheet.op("Concat", "keys", "x", axis=1)
    sheet.state("keys", sheet.slice(past, 1, 2, 8))
    q, k = (sheet.op("MatMul", x, sheet.weight(8, 8, scale=spread)) for x in ("x", past))
    scores = sheet.op("MatMul", q, sheet.op("Transpose", k, perm=(0, 2, 1)))
    distant = sheet.op("MatMul", q, sheet.weight(8, 8, scale=spread))
    logits = mask(sheet, sheet.op("Add", scores, distant))
    return sheet.graph(sheet.op("MatMul", sheet.op("Softmax", logits, axis=2), past))


FUTURE = np.triu(np.ones((2, 8), bool), 7)


@model
def attention_that_is_filled_with_minus_infinity() -> StepGraph:
    return masked_attention(
        lambda sheet, scores: sheet.op("Where", sheet.constant(FUTURE, dtype=bool), sheet.constant(-np.inf), scores)
    )


@model
def attention_that_a_mask_is_added_to() -> StepGraph:
    return masked_attention(lambda sheet, scores: sheet.op("Add", sheet.constant(np.where(FUTURE, -np.inf, 0)), scores))


@model
def attention_of_small_logits_of_which_most_are_masked() -> StepGraph:
    early = np.arange(8) < 6
    return masked_attention(
        lambda sheet, scores: sheet.op("Where", sheet.constant(early, dtype=bool), sheet.constant(-1e9), scores), 0.3
    )


@model
def attention_over_what_either_condition_leaves() -> StepGraph:
    def masked(sheet: Sheet, scores: str) -> str:
        sheet.token("count", 1)
        told = sheet.op("GreaterOrEqual", sheet.constant(range(7, -1, -1), dtype=np.int64), "count")
        absent = sheet.op("Or", told, sheet.constant(FUTURE, dtype=bool))
        sheet.state(
            "count", sheet.op("Add", "count", sheet.constant(2, dtype=np.int64)), sheet.constant([2], dtype=np.int64)
        )
        truth = sheet.op("Sub", sheet.constant(1.0), sheet.op("Cast", sheet.op("Not", absent), to="float32"))
        return sheet.op("Add", scores, sheet.op("Mul", truth, sheet.constant(-1e4)))

    return masked_attention(masked)


@model
def choices() -> StepGraph:
    sheet = Sheet(x=(2, 8), y=(2, 8))
    louder = sheet.op("Greater", "x", "y")
    either = sheet.op("Where", louder, "x", sheet.op("Mul", "y", sheet.constant(0.5)))
    return sheet.graph(either, sheet.op("Where", louder, sheet.constant(0.0), "y"),
                       sheet.op("Where", louder, "x", sheet.constant(2.0)))  # fmt: skip


@model
def attention_to_relative_positions() -> StepGraph:
    sheet = Sheet(x=(1, 4, 8))
    heads = sheet.op("Transpose", sheet.reshape("x", 4, 2, 4), perm=(1, 0, 2))
    scores = sheet.op("MatMul", heads, sheet.weight(2, 4, 9))  # of each head and frame, for each distance
    places = np.broadcast_to(3 - np.arange(4)[:, None] + np.arange(6), (2, 4, 6))
    return sheet.graph(sheet.op("GatherElements", scores, sheet.constant(places, dtype=np.int64), axis=2))


@pytest.mark.parametrize(
    "numerics",
    [{"weight_bits": 4}, {"per_channel": False}, {"multiplier_bits": 31, "rounding": "double"}, {"activation": "plan"}],
    ids=str,
)
@pytest.mark.parametrize("name", ["lstm", "embedding", "convolutions", "gru_that_resets_h", "functions"])
def test_other_arithmetics_are_the_same_on_the_chip(name: str, numerics: dict[str, object]) -> None:
    graph = standard_form(MODELS[name]())
    assert min(exact(graph, noise(graph), numerics, SMALL).values()) > 15


def test_a_chip_without_an_activation_unit_is_for_questions_of_time_alone() -> None:
    graph = standard_form(lstm())
    made = lowered(graph, numerics={"activation": "none"}, calibration=calibrate(graph, noise(graph)))
    assert made.constants is None
    assert "no activation unit" in made.reason


@pytest.mark.parametrize("arithmetic", NUMERICS)
@pytest.mark.parametrize("name", MODELS)
def test_the_integers_are_near_the_float_graph_and_the_same_on_the_chip(name: str, arithmetic: str) -> None:
    numerics, least = NUMERICS[arithmetic]
    graph = standard_form(MODELS[name]())
    found = exact(graph, noise(graph), numerics, SMALL)
    assert found
    assert min(found.values()) > least, found
