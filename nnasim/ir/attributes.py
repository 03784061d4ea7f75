"""The attributes of operations: one small record for each kind that has some.

Axes count from the front, as numpy's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from nnasim import limits
from nnasim.errors import ConfigError
from nnasim.ir.operands import OpKind
from nnasim.records import Flag, Frozen, Integer, validated

MOST_AXES = limits.TRACE_AXES
Size = Annotated[Integer, Field(ge=1, le=2**31)]
Index = Annotated[Integer, Field(ge=0, le=2**31)]
AxisIndex = Annotated[Integer, Field(ge=0, lt=MOST_AXES)]
Sizes = Annotated[tuple[Size, ...], Field(min_length=1, max_length=3)]


class Attributes(Frozen):
    """The base of every record of attributes."""


class Conv(Attributes):
    """x (C, *T), weight (N, C / groups, *kernel), bias (N,) -> accumulators (N, *out): a correlation, as ONNX's Conv.

    ``kernel``, ``stride``, ``dilation``: one for each axis of T; ``pads``: zeros before the first element of each axis,
    then behind the last of each. ``groups``: output channels n of group g = n // (N / groups) read input channels
    g C / groups to (g + 1) C / groups; as many groups as channels is a depthwise convolution.
    Output t of an axis reads elements t stride - pad + i dilation, i < kernel.
    """

    kernel: Sizes
    stride: Sizes
    dilation: Sizes
    groups: Size = 1
    pads: Annotated[tuple[Index, ...], Field(min_length=2, max_length=6)]

    @model_validator(mode="after")
    def _of_one_rank(self) -> Conv:
        axes = len(self.kernel)
        for name, values in (("stride", self.stride), ("dilation", self.dilation)):
            if len(values) != axes:
                raise ValueError(f"{name}: must be as many as kernel, which are {axes}")
        if len(self.pads) != 2 * axes:
            raise ValueError(f"pads: must be twice as many as kernel, which are {axes}")
        return self

    def out(self, sizes: tuple[int, ...]) -> tuple[int, ...]:
        """Output positions along each axis, 0 or less where the kernel does not fit."""
        axes = len(self.kernel)
        return tuple(
            (sizes[axis] + self.pads[axis] + self.pads[axes + axis] - self.dilation[axis] * (self.kernel[axis] - 1) - 1)
            // self.stride[axis]
            + 1
            for axis in range(axes)
        )


class Bmm(Attributes):
    """a (..., M, K) times b (..., K, N), both computed -> accumulators (..., M, N); leading axes are equal.

    ``transpose_b``: b is (..., N, K), as keys are.
    """

    transpose_b: Flag = False


class Add(Attributes):
    """a + b, or a - b if ``subtract``. Its rescale rows are one for the sum, or three: of a, of b, of the sum.

    ``broadcast``: the shapes differ and are stretched as numpy's are.
    """

    subtract: Flag = False
    broadcast: Flag = False


class Mul(Attributes):
    """a * b. ``broadcast``: as in ``Add``."""

    broadcast: Flag = False


class Axis(Attributes):
    """The one axis that the operation works along.

    softmax: over the axis. layer_norm: over it; default: the last. argmax: an index for each vector along it; default:
    the last. requantise: its rescale rows are one for all, or one for each place along the axis (channels); default:
    the last; after a conv it is 0. split: the outputs are parts of x along it, in their order.
    """

    axis: AxisIndex


class Mean(Attributes):
    """The mean over ``axes``; the output has them with size 1, or lacks them."""

    axes: Annotated[tuple[AxisIndex, ...], Field(min_length=1, max_length=MOST_AXES)]

    @model_validator(mode="after")
    def _ascending(self) -> Mean:
        if list(self.axes) != sorted(set(self.axes)):
            raise ValueError("axes: must ascend")
        return self


class Concat(Attributes):
    """The inputs one after the other along ``axis``.

    ``shift``: the output is a register: they are pushed in behind its content, and the oldest are dropped at the front.
    A concat without attributes is version 1's: flat, and shifting if the inputs do not fill the output.
    """

    axis: AxisIndex
    shift: Flag = False


class Slice(Attributes):
    """Elements ``start``, ``start`` + ``step``, ... of ``axis``, as many as the output has there."""

    axis: AxisIndex
    start: Index
    step: Annotated[Integer, Field(ge=-(2**31), le=2**31)] = 1

    @model_validator(mode="after")
    def _moving(self) -> Slice:
        if self.step == 0:
            raise ValueError("step: must not be 0")
        return self


class Copy(Attributes):
    """The elements of x in their order, in the output's shape; stretched like numpy's if the output has more.

    ``perm``: axis i of the output is axis perm[i] of x, a transpose. ``view``: nothing is moved; the output is another
    name and shape of the bytes of x, and costs neither time nor memory. A view is no state, and is not read once x is a
    state that has been overwritten.
    """

    perm: Annotated[tuple[AxisIndex, ...], Field(min_length=1, max_length=MOST_AXES)] | None = None
    view: Flag = False

    @model_validator(mode="after")
    def _consistent(self) -> Copy:
        if self.perm is not None and sorted(self.perm) != list(range(len(self.perm))):
            raise ValueError(f"perm: must hold each of 0..{len(self.perm) - 1} once")
        if self.view and self.perm is not None:
            raise ValueError("view: a transpose moves its elements")
        return self


class Table(Attributes):
    """A point-wise function by table. ``function``: its name in the original model, as Silu; for reports."""

    function: str = Field("", max_length=200)


class Host(Attributes):
    """An operation that only the CPU can do. ``operator``: its name in the original model, as TopK.

    ``macs``: multiply-accumulates of an operator that multiplies matrices; they give its cost, else its elements do.
    """

    operator: str = Field(min_length=1, max_length=200)
    macs: Annotated[Integer, Field(ge=0, le=2**62)] = 0


ATTRIBUTES: Mapping[OpKind, type[Attributes]] = {
    "conv": Conv,
    "bmm": Bmm,
    "add": Add,
    "mul": Mul,
    "requantise": Axis,
    "layer_norm": Axis,
    "softmax": Axis,
    "argmax": Axis,
    "split": Axis,
    "mean": Mean,
    "concat": Concat,
    "slice": Slice,
    "copy": Copy,
    "table": Table,
    "host": Host,
}

MUST_BE_TOLD: frozenset[OpKind] = frozenset({"conv", "softmax", "split", "mean", "slice", "host"})
"""Kinds that mean nothing without; a concat must be told since version 2."""


def attributes_of(kind: OpKind, given: Any) -> Attributes | None:
    """The record of ``kind`` that ``given``, a record or what a file says, describes.

    Raises ValueError that begins with the field.
    """
    record = ATTRIBUTES.get(kind)
    if given is None:
        if kind in MUST_BE_TOLD:
            assert record is not None
            raise ValueError(f"attributes: {kind} must have {', '.join(record.model_fields)}")
        return None
    if record is None:
        raise ValueError(f"attributes: {kind} has none")
    try:
        return validated(record, given, "attributes")
    except ConfigError as error:
        raise ValueError(f"attributes.{error.field}: {error.allowed}") from None
