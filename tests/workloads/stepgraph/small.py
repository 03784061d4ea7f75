"""Small models by hand: a leaky sum over time, and a transducer whose joiner says what the encoder heard."""

import numpy as np

from workloads.stepgraph.graph import Node, State, StepGraph, Tensor


def leaky_sum(size: int = 4) -> StepGraph:
    """y = W x + s / 2, which is s at the next call; s begins at ones."""
    return StepGraph(
        name="leaky",
        nodes=(
            Node("product", "MatMul", ("x", "w"), ("wx",)),
            Node("half", "Mul", ("s", "half"), ("sh",)),
            Node("sum", "Add", ("wx", "sh"), ("y",)),
        ),
        inputs={"x": Tensor((1, size)), "s": Tensor((1, size))},
        values={name: Tensor((1, size)) for name in ("wx", "sh", "y")},
        constants={
            "w": np.eye(size, dtype=np.float32),
            "half": np.float32(0.5),
            "start": np.ones((1, size), np.float32),
        },
        outputs=("y",),
        states=(State("s", "y", "start"),),
    )


def encoder(frames: int = 4, rows: int = 2, size: int = 3) -> StepGraph:
    """(1, frames, size) -> the first ``rows`` frames, (1, rows, size)."""
    bounds = {
        name: np.array([value], np.int64) for name, value in (("from", 0), ("to", rows), ("axis", 1), ("step", 1))
    }
    return StepGraph(
        name="encoder",
        nodes=(Node("take", "Slice", ("x", "from", "to", "axis", "step"), ("encoder_out",)),),
        inputs={"x": Tensor((1, frames, size))},
        values={"encoder_out": Tensor((1, rows, size))},
        constants=bounds,
        outputs=("encoder_out",),
    )


def decoder(size: int = 3, context: int = 2) -> StepGraph:
    """The last ``context`` tokens (1, context) -> -1 for the newest token, 0 elsewhere, (1, size)."""
    return StepGraph(
        name="decoder",
        nodes=(
            Node("look up", "Gather", ("rows", "y"), ("each",), {"axis": 0}),
            Node("newest", "Slice", ("each", "from", "to", "axis", "step"), ("last",)),
            Node("flat", "Reshape", ("last", "shape"), ("decoder_out",)),
        ),
        inputs={"y": Tensor((1, context), "int64")},
        values={"each": Tensor((1, context, size)), "last": Tensor((1, 1, size)), "decoder_out": Tensor((1, size))},
        constants={
            "rows": -np.eye(size, dtype=np.float32) * np.array([[0]] + [[1]] * (size - 1), np.float32),
            "from": np.array([context - 1], np.int64),
            "to": np.array([context], np.int64),
            "axis": np.array([1], np.int64),
            "step": np.array([1], np.int64),
            "shape": np.array([1, size], np.int64),
        },
        outputs=("decoder_out",),
    )


def joiner(size: int = 3) -> StepGraph:
    """The sum of both, so that a token which has just been said is not said again."""
    return StepGraph(
        name="joiner",
        nodes=(Node("sum", "Add", ("encoder_out", "decoder_out"), ("logit",)),),
        inputs={"encoder_out": Tensor((1, size)), "decoder_out": Tensor((1, size))},
        values={"logit": Tensor((1, size))},
        constants={},
        outputs=("logit",),
    )
