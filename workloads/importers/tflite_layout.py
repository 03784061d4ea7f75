"""The tensors of a TensorFlow Lite model that are kept channels first, as on the chip; the file has them last.

The data and the result of a convolution are; and so is every tensor that meets them in operators that treat all axes
alike, or through a variable. So transposes are needed only where such a group of tensors begins and ends, and none at a
state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from workloads.importers.tflite_file import FileGraph, FileOperator

CHANNELS_FIRST = (0, 3, 1, 2)
"""The perm from (batch, height, width, channels) to (batch, channels, height, width)."""
CHANNELS_LAST = (0, 2, 3, 1)

SPATIAL = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "AVERAGE_POOL_2D", "MAX_POOL_2D"})


def channels_first(
    graph: FileGraph, follows: Callable[[str], bool], variables: Mapping[str, Sequence[int]]
) -> frozenset[int]:
    """The tensors of four axes that are kept channels first.

    ``follows``: whether an operator treats all axes alike; ``variables``: of each, the tensors that it is read into and
    written from.
    """
    groups = _Groups(len(graph.tensors))
    for operator in graph.operators:
        if follows(operator.operator):
            groups.join(_flowing(graph, operator))
    for tensors in variables.values():
        groups.join(tensors)
    roots = {
        groups.root(index)
        for operator in graph.operators
        if operator.operator in SPATIAL
        for index in _flowing(graph, operator)
    }
    return frozenset(
        index for index, tensor in enumerate(graph.tensors) if len(tensor.shape) == 4 and groups.root(index) in roots
    )


def _flowing(graph: FileGraph, operator: FileOperator) -> list[int]:
    """The tensors of four axes that are data of ``operator``."""
    return [
        index
        for index in (*operator.inputs, *operator.outputs)
        if index >= 0 and graph.tensors[index].data is None and len(graph.tensors[index].shape) == 4
    ]


class _Groups:
    """Numbers from 0 that are joined into groups."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def root(self, number: int) -> int:
        """The one that stands for the group of ``number``."""
        while self._above[number] != number:
            self._above[number] = self._above[self._above[number]]
            number = self._above[number]
        return number

    def join(self, numbers: Iterable[int]) -> None:
        """Make one group of all that ``numbers`` are in."""
        first, *rest = [self.root(number) for number in numbers] or [-1]
        for number in rest:
            self._above[number] = first


def turned(shape: Sequence[int], perm: Sequence[int]) -> tuple[int, ...]:
    """``shape`` with its axes in the order of ``perm``."""
    return tuple(shape[axis] for axis in perm)
