"""SCALE-Sim's topology files: lists of convolutions or of matrix products, one layer a line.

Both of its formats are known by their columns; a comma may end each line. Convolutions have no padding of their own:
their input's height and width hold it. Sparse layers and whatever else a line may say that cannot be timed are refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

from nnasim import limits
from nnasim.errors import InputError
from nnasim.units import ceil_div
from workloads.importers.measured_table import MeasuredRow, MeasuredTable, column_key, read_measured_table

LARGEST_SIZE = limits.LAYER_SIZE
MOST_LAYERS = limits.LAYERS
MOST_MACS = limits.LAYER_MACS
_SPARSITY = ("sparsity", "sparsitysupport")
_DEPTHWISE = "DP"  # in a layer's name: each channel has filters of its own
_LONGEST_NAME = limits.LAYER_NAME


@dataclass(frozen=True)
class ProductLayer:
    """``rows`` (M) rows of ``depth`` (K) elements times a matrix of ``channels`` (N) columns."""

    name: str
    rows: int
    channels: int
    depth: int

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return self.rows * self.channels * self.depth


@dataclass(frozen=True)
class ConvLayer:
    """Input (``inputs``, *``size``), padding included; ``channels`` filters (``inputs`` / ``groups``, *``kernel``)."""

    name: str
    size: tuple[int, int]
    kernel: tuple[int, int]
    inputs: int
    channels: int
    stride: tuple[int, int]
    groups: int = 1

    @property
    def out(self) -> tuple[int, int]:
        """Height and width of the output; a last stride that is not whole counts, as the tool has it."""
        height, width = (
            ceil_div(size - kernel, stride) + 1
            for size, kernel, stride in zip(self.size, self.kernel, self.stride, strict=True)
        )
        return height, width

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return prod(self.out) * self.channels * prod(self.kernel) * self.inputs // self.groups


Layer = ProductLayer | ConvLayer

_PRODUCT = ("M", "N", "K")
_CONV = ("IFMAP Height", "IFMAP Width", "Filter Height", "Filter Width", "Channels")
_FILTERS = ("Num Filter", "Num Filters")
_STRIDES = (("Strides",), ("Stride",), ("Stride Height", "Stride Width"))


def read_topology(path: str | Path) -> tuple[Layer, ...]:
    """The layers of a topology file, each under a name of its own. Raises FileError or InputError."""
    table = read_measured_table(Path(path), open_ended=True)
    read = _reader(table)
    if len(table.rows) > MOST_LAYERS:
        raise InputError(table.source, "layers", len(table.rows), f"at most {MOST_LAYERS:,} are allowed")
    layers = [read(row) for row in table.rows]
    if sum(layer.macs for layer in layers) > MOST_MACS:
        largest = max(range(len(layers)), key=lambda index: layers[index].macs)
        why = f"this layer has more multiply-accumulates than any chip does; at most {MOST_MACS:,} in all are allowed"
        raise table.rows[largest].refuse(table.columns[0], why)
    return tuple(_named_apart(layers))


def _named_apart(layers: list[Layer]) -> Iterator[Layer]:
    """``layers`` with a number behind a name that others have too."""
    count, seen = Counter(layer.name for layer in layers), Counter[str]()
    for layer in layers:
        name = layer.name
        while count[name] > 1 or (name != layer.name and name in count):
            seen[layer.name] += 1
            name = f"{layer.name}.{seen[layer.name]}"
        yield layer if name == layer.name else replace(layer, name=name)


def _reader(table: MeasuredTable) -> Callable[[MeasuredRow], Layer]:
    """The reader for a row of this table, chosen by its columns; the first of them names the layer."""
    keys = [column_key(column) for column in table.columns]
    known = [column for column in keys[1:] if column not in _SPARSITY]

    def has(*columns: str) -> bool:
        return set(map(column_key, columns)) <= set(known)

    if has(*_PRODUCT) and len(known) == len(_PRODUCT):
        return _product
    filters = next((name for name in _FILTERS if has(name)), None)
    strides = next((names for names in _STRIDES if has(*names)), None)
    if filters and strides and has(*_CONV) and len(known) == len(_CONV) + 1 + len(strides):
        return lambda row: _conv(row, filters, strides)
    allowed = (
        f"must be Layer, {', '.join(_PRODUCT)} or Layer name, {', '.join(_CONV)}, {_FILTERS[0]}, {_STRIDES[0][0]}, "
        "with or without Sparsity at the end"
    )
    raise InputError(f"{table.source}: line 1", "header", ",".join(table.columns), allowed)


def _product(row: MeasuredRow) -> ProductLayer:
    rows, channels, depth = (row.integer(column, 1, LARGEST_SIZE) for column in _PRODUCT)
    return ProductLayer(_name(row), rows=rows, channels=channels, depth=depth)


def _conv(row: MeasuredRow, filters: str, strides: tuple[str, ...]) -> ConvLayer:
    name = _name(row)
    height, width, kernel_height, kernel_width, inputs = (row.integer(column, 1, LARGEST_SIZE) for column in _CONV)
    for column, kernel, size in ((_CONV[2], kernel_height, height), (_CONV[3], kernel_width, width)):
        if kernel > size:
            raise row.refuse(column, f"must be at most the input's {size}")
    stride = [row.integer(column, 1, LARGEST_SIZE) for column in strides]
    channels, groups = row.integer(filters, 1, LARGEST_SIZE), 1
    if _DEPTHWISE in name:
        channels, groups = channels * inputs, inputs
    return ConvLayer(
        name=name,
        size=(height, width),
        kernel=(kernel_height, kernel_width),
        inputs=inputs,
        channels=channels,
        stride=(stride[0], stride[-1]),
        groups=groups,
    )


def _name(row: MeasuredRow) -> str:
    """The layer's name. Raises InputError for one that is empty, too long or unprintable, and for a sparse layer."""
    columns = list(row.cells)
    name = row.text(columns[0])
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise row.refuse(columns[0], f"must be a printable name of at most {_LONGEST_NAME} characters")
    for column in columns[1:]:
        if column_key(column) in _SPARSITY and row.cells[column].strip() not in ("", "1:1"):
            raise row.refuse(column, "sparse weights cannot be timed; must be 1:1, or left out")
    return name
