"""The rules by operator, and why some operators have none."""

from __future__ import annotations

from collections.abc import Mapping

from workloads.importers.onnx_rules import (
    constants,
    einsum,
    elementwise,
    indexing,
    movements,
    normalisations,
    pooling,
    products,
    recurrent,
    reductions,
    resizing,
    spectra,
)
from workloads.stepgraph.concrete.call import Dialect, Rule

RULES: Mapping[str, Rule] = {
    **constants.RULES,
    **elementwise.RULES,
    **movements.RULES,
    **indexing.RULES,
    **products.RULES,
    **recurrent.RULES,
    **reductions.RULES,
    **normalisations.RULES,
    **pooling.RULES,
    **resizing.RULES,
    **spectra.RULES,
    **einsum.RULES,
}

_INTEGERS = (
    "computes with integers of a quantisation of its own",
    "import the float model: calibration quantises it for the chip",
)
_RANDOM = ("draws at random, so no two calls agree", "draw outside of the model, or export it after module.eval()")
_LISTS = ("works with lists of tensors, not with tensors", "export the model with one input or output for each tensor")

REASONS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("QuantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "ConvInteger", "QLinearConv", "QLinearMatMul"),
        _INTEGERS,
    ),
    **dict.fromkeys(
        ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"), _RANDOM
    ),
    **dict.fromkeys(
        (
            "SequenceConstruct", "SequenceEmpty", "SequenceInsert", "SequenceErase", "SequenceAt", "SequenceLength",
            "SequenceMap", "SplitToSequence", "ConcatFromSequence", "Optional", "OptionalGetElement",
            "OptionalHasElement",
        ),
        _LISTS,
    ),
}  # fmt: skip
"""The reason why an operator has no rule, and what would help; all others are not in the vocabulary."""

HARMLESS = frozenset({
    "activation_alpha",  # of functions other than the usual ones
    "activation_beta",
    "consumed_inputs",  # of opset 1: which operands a runtime may overwrite
    "momentum",  # of training alone
    "precision",
    "ratio",
    "saturate",  # of float8 alone
    "seed",
    "sorted",  # of the largest, which are sorted here whether they need to be or not
    "spatial",
    "stash_type",  # the precision of a mean: no less than float32 here
    "storage_order",  # of an output that has no rule
})  # fmt: skip
"""Attributes that change nothing of what a call computes."""

ONNX = Dialect(RULES, REASONS, HARMLESS)
