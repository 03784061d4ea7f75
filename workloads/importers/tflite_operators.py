"""The operators of TensorFlow Lite that can enter: how each is written, and whether it treats all axes alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workloads.importers import tflite_elementwise as elementwise
from workloads.importers import tflite_moves as moves
from workloads.importers import tflite_products as products
from workloads.importers import tflite_recurrent as recurrent
from workloads.importers.tflite_elementwise import Rule, chain, clip, pairwise, pointwise, pool, reduction, softmax

ANY = 1 << 20


@dataclass(frozen=True)
class Entry:
    """An operator that can enter.

    ``write``: writes the operator into an emission; ``follows``: whether it takes data in any order of axes.

    ``operands``: the least and the greatest number of them; ``parts``: whether it may have several results.
    """

    write: Rule
    operands: tuple[int, int]
    follows: bool = False
    parts: bool = False


def _alike(rule: Rule, least: int = 1, most: int | None = None) -> Entry:
    return Entry(rule, (least, most or least), follows=True)


OPERATORS: Mapping[str, Entry] = {
    "CONV_2D": Entry(products.conv_2d, (2, 3)),
    "DEPTHWISE_CONV_2D": Entry(products.depthwise_conv_2d, (2, 3)),
    "TRANSPOSE_CONV": Entry(products.transpose_conv, (3, 4)),
    "FULLY_CONNECTED": Entry(products.fully_connected, (2, 3)),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Entry(recurrent.sequence_lstm, (20, 24)),
    "BATCH_MATMUL": Entry(products.batch_matmul, (2, 2)),
    "ADD": _alike(pairwise("Add", "AddOptions"), 2),
    "SUB": _alike(pairwise("Sub", "SubOptions"), 2),
    "MUL": _alike(pairwise("Mul", "MulOptions"), 2),
    "DIV": _alike(pairwise("Div", "DivOptions"), 2),
    "POW": _alike(pairwise("Pow"), 2),
    "MAXIMUM": _alike(pairwise("Max"), 2),
    "MINIMUM": _alike(pairwise("Min"), 2),
    "FLOOR_MOD": _alike(pairwise("Mod"), 2),
    "EQUAL": _alike(pairwise("Equal"), 2),
    "NOT_EQUAL": _alike(elementwise.not_equal, 2),
    "LESS": _alike(pairwise("Less"), 2),
    "LESS_EQUAL": _alike(pairwise("LessOrEqual"), 2),
    "GREATER": _alike(pairwise("Greater"), 2),
    "GREATER_EQUAL": _alike(pairwise("GreaterOrEqual"), 2),
    "LOGICAL_AND": _alike(pairwise("And"), 2),
    "LOGICAL_OR": _alike(pairwise("Or"), 2),
    "LOGICAL_NOT": _alike(pointwise("Not")),
    "SQUARED_DIFFERENCE": _alike(elementwise.squared_difference, 2),
    "ABS": _alike(pointwise("Abs")),
    "CEIL": _alike(pointwise("Ceil")),
    "COS": _alike(pointwise("Cos")),
    "ELU": _alike(pointwise("Elu")),
    "EXP": _alike(pointwise("Exp")),
    "FLOOR": _alike(pointwise("Floor")),
    "HARD_SWISH": _alike(pointwise("HardSwish")),
    "LOG": _alike(pointwise("Log")),
    "LOGISTIC": _alike(pointwise("Sigmoid")),
    "NEG": _alike(pointwise("Neg")),
    "RELU": _alike(pointwise("Relu")),
    "RELU6": _alike(clip(0.0, 6.0)),
    "RELU_N1_TO_1": _alike(clip(-1.0, 1.0)),
    "RELU_0_TO_1": _alike(clip(0.0, 1.0)),
    "ROUND": _alike(pointwise("Round")),
    "RSQRT": _alike(chain("Sqrt", "Reciprocal")),
    "SIGN": _alike(pointwise("Sign")),
    "SIN": _alike(pointwise("Sin")),
    "SQRT": _alike(pointwise("Sqrt")),
    "SQUARE": _alike(elementwise.square),
    "TANH": _alike(pointwise("Tanh")),
    "GELU": _alike(elementwise.gelu),
    "LEAKY_RELU": _alike(elementwise.leaky_relu),
    "PRELU": _alike(elementwise.prelu, 2),
    "CAST": _alike(elementwise.cast),
    "QUANTIZE": _alike(elementwise.quantise),
    "DEQUANTIZE": _alike(elementwise.quantise),
    "SELECT": _alike(elementwise.select, 3),
    "SELECT_V2": _alike(elementwise.select, 3),
    "SOFTMAX": _alike(softmax("Softmax")),
    "LOG_SOFTMAX": _alike(softmax("LogSoftmax")),
    "CUMSUM": _alike(elementwise.cum_sum, 2),
    "MEAN": _alike(reduction("ReduceMean"), 2),
    "SUM": _alike(reduction("ReduceSum"), 2),
    "REDUCE_MAX": _alike(reduction("ReduceMax"), 2),
    "REDUCE_MIN": _alike(reduction("ReduceMin"), 2),
    "AVERAGE_POOL_2D": Entry(pool("ReduceMean"), (1, 1)),
    "MAX_POOL_2D": Entry(pool("ReduceMax"), (1, 1)),
    "ARG_MAX": Entry(elementwise.arg_max, (2, 2)),
    "CONCATENATION": _alike(moves.concatenation, 1, ANY),
    "SLICE": _alike(moves.slice_, 3),
    "STRIDED_SLICE": _alike(moves.strided_slice, 4),
    "SPLIT": Entry(moves.split, (2, 2), follows=True, parts=True),
    "SPLIT_V": Entry(moves.split_v, (3, 3), follows=True, parts=True),
    "PAD": _alike(moves.pad, 2),
    "PADV2": _alike(moves.pad, 3),
    "MIRROR_PAD": _alike(moves.mirror_pad, 2),
    "RESHAPE": Entry(moves.reshape, (1, 2)),
    "EXPAND_DIMS": Entry(moves.expand_dims, (2, 2)),
    "SQUEEZE": Entry(moves.squeeze, (1, 1)),
    "SHAPE": Entry(moves.shape_of, (1, 1)),
    "TRANSPOSE": Entry(moves.transpose, (2, 2)),
    "PACK": Entry(moves.pack, (1, ANY)),
    "UNPACK": Entry(moves.unpack, (1, 1), parts=True),
    "GATHER": Entry(moves.gather, (2, 2)),
    "EMBEDDING_LOOKUP": Entry(moves.embedding_lookup, (2, 2)),
    "BROADCAST_TO": Entry(moves.broadcast_to, (2, 2)),
}
"""By the schema's word. What holds resources is in ``tflite_states``."""

CONTROL_FLOW = frozenset({"IF", "WHILE", "CALL", "STABLEHLO_WHILE", "STABLEHLO_CASE", "STABLEHLO_COMPOSITE"})


def follows(operator: str) -> bool:
    """Whether an operator takes data in any order of axes."""
    return operator in OPERATORS and OPERATORS[operator].follows
