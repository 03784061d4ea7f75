"""``nnasim.trace``: the operations of decoding, from sizes only or from a stored file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from nnasim.errors import ConfigError
from nnasim.front.arguments import ChipLike, FilePath, checked, only
from nnasim.front.chips import chip_of
from nnasim.hardware import NnaConfig
from nnasim.ir.io import read_trace, write_record
from nnasim.ir.trace import OpTrace, System
from nnasim.records import Flag, Integer
from nnasim.sweeps.retarget import retarget
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape, load_shape

_SOURCE = only((str, Path, RnntShape), "sizes by name, a .yaml file of sizes, or a .json file of a trace")


@checked
def trace(
    source: Annotated[str | Path | RnntShape, _SOURCE], *, frames: Integer | None = None,
    symbols: Integer | None = None, chip: ChipLike | None = None, system: System | None = None,
) -> OpTrace:  # fmt: skip
    """A trace: every operation that decoding performs.

    - ``source``: a recogniser's sizes (a known name such as "rnnt-paper", a YAML file or an ``RnntShape``), or a stored
      trace (a ``.json`` file).
    - ``frames``: encoder steps of audio; ``symbols``: emitted symbols, spread evenly. Sizes need both.
    - ``chip``: the chip whose arithmetic is used; default: edge256.
    - ``system``: which operations run where; default: aat.

    A stored trace keeps its own arithmetic and system unless another is given. Traces of real speech come from
    ``nnasim.recogniser(...).decode(...).trace``. Raises ConfigError, FileError or TraceError.
    """
    if isinstance(source, str | Path) and Path(source).suffix == ".json":
        return _stored(Path(source), frames, symbols, chip, system)
    shape = source if isinstance(source, RnntShape) else load_shape(str(source))
    if frames is None or symbols is None:
        missing = "frames" if frames is None else "symbols"
        raise ConfigError("trace", missing, None, "must be given: a trace of sizes needs frames and symbols")
    numerics = chip_of("edge256" if chip is None else chip).numerics
    return build_trace(shape, frames, symbols, system="aat" if system is None else system, numerics=numerics)


@checked
def write_trace(trace: OpTrace, path: FilePath, *, force: Flag = False) -> None:
    """Write ``trace`` to a ``.json`` file, which ``nnasim.trace`` and ``nnasim simulate`` read.

    Raises FileError if the file exists, unless ``force``.
    """
    write_record(path, trace, force=force)


def _stored(
    path: Path, frames: int | None, symbols: int | None, chip: NnaConfig | str | Path | None, system: System | None
) -> OpTrace:
    for name, value in (("frames", frames), ("symbols", symbols)):
        if value is not None:
            raise ConfigError("trace", name, value, f"is not used with a stored trace: {path} has its own")
    stored = read_trace(path)
    if chip is None and system is None:
        return stored
    numerics = stored.numerics if chip is None else chip_of(chip).numerics
    return retarget(stored, numerics, system, path)
