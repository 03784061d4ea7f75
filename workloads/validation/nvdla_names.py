"""The names of NVDLA's tables for the work of the output stage: ``mul_bs_add_bn``, ``bias_scale_channel_lut``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

from nnasim.sim.nvdla.output_path import PLAIN, Engine, OutputPath
from workloads.importers.measured_table import MeasuredRow

Work = Literal["add", "multiply", "relu"]
WORK: dict[str, Work] = {  # source: NVDLA's ALU adds, takes the larger or smaller, or compares; a PReLU multiplies
    "add": "add",
    "max": "add",
    "min": "add",
    "eql": "add",
    "mul": "multiply",
    "prelu": "multiply",
}
PER_CHANNEL_BYTES = 2  # bias and scale are int16
VERBS = (*WORK, "relu", "lut", "bias", "scale", "addmem", "mulmem")
PASSES = (
    "must be copy, or of add_E, max_E, min_E, eql_E, mul_E and prelu_E with E one of bs, bn, ew, of relu and lut_NAME, "
    "joined by _, none of them twice"
)
VARIANTS = (
    "must be plain, or of bias, scale_layer, scale_channel, relu, addmem, mulmem and lut_NAME, joined by _, "
    "none of them twice"
)
Read = Callable[[OutputPath, str, Iterator[str]], OutputPath]


class _UnknownWordError(Exception):
    """A word that names nothing, or something a second time."""


def pass_path(row: MeasuredRow, column: str) -> OutputPath:
    """The path of a stand-alone pass; every operand is int8, from memory.

    Raises InputError for a name that says nothing.
    """
    return _path(row, column, "copy", _pass_word, PASSES)


def fused_path(row: MeasuredRow, column: str) -> OutputPath:
    """The path behind a product: int16 per channel through BS, int8 per value through EW.

    Raises InputError as above.
    """
    return _path(row, column, "plain", _fused_word, VARIANTS)


def _path(row: MeasuredRow, column: str, nothing: str, read: Read, allowed: str) -> OutputPath:
    text, path, names_a_table = row.text(column), PLAIN, False
    words = iter(() if text == nothing else text.split("_"))
    try:
        for word in words:
            if names_a_table and word not in VERBS:
                continue  # which function it holds costs nothing
            path, names_a_table = read(path, word, words), word == "lut"
    except _UnknownWordError:
        raise row.refuse(column, allowed) from None
    return path


def _pass_word(path: OutputPath, word: str, following: Iterator[str]) -> OutputPath:
    if word not in WORK:
        return _common_word(path, word)
    match next(following, ""):
        case "bs":
            return replace(path, bs=_with(path.bs, WORK[word], 1))
        case "bn":
            return replace(path, bn=_with(path.bn, WORK[word], 1))
        case "ew":
            return replace(path, ew=_with(path.ew, WORK[word], 1))
    raise _UnknownWordError


def _fused_word(path: OutputPath, word: str, following: Iterator[str]) -> OutputPath:
    match word:
        case "bias":
            return replace(path, bs=_with(path.bs, "add", PER_CHANNEL_BYTES))
        case "scale":
            width = {"layer": 0, "channel": PER_CHANNEL_BYTES}.get(next(following, ""))
            if width is None:
                raise _UnknownWordError
            return replace(path, bs=_with(path.bs, "multiply", width))
        case "addmem":
            return replace(path, ew=_with(path.ew, "add", 1))
        case "mulmem":
            return replace(path, ew=_with(path.ew, "multiply", 1))
    return _common_word(path, word)


def _common_word(path: OutputPath, word: str) -> OutputPath:
    if word == "relu":
        return replace(path, bs=_with(path.bs, "relu", 0))
    if word == "lut" and not path.table:
        return replace(path, table=True)
    raise _UnknownWordError


def _with(engine: Engine, work: Work, operand_bytes: int) -> Engine:
    if getattr(engine, work):
        raise _UnknownWordError
    return replace(
        engine,
        add=engine.add or work == "add",
        multiply=engine.multiply or work == "multiply",
        relu=engine.relu or work == "relu",
        operand_bytes=engine.operand_bytes + operand_bytes,
    )
