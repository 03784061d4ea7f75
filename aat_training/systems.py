"""The five systems of every comparison: which checkpoint and which arithmetic each one is."""

from __future__ import annotations

from pathlib import Path

import torch

from aat_training.checkpoint import Checkpoint, read_checkpoint
from aat_training.devices import open_device
from aat_training.model.arithmetic import Arithmetic
from aat_training.model.build import build_model, load_parameters
from aat_training.model.float_arithmetic import FloatArithmetic
from aat_training.model.rnnt import Rnnt
from aat_training.quant.calibration import calibrate
from aat_training.quant.chip_arithmetic import ChipArithmetic
from aat_training.quant.dynamic_arithmetic import DynamicArithmetic
from aat_training.quant.fallback_arithmetic import FallbackArithmetic
from aat_training.quant.scheme import QuantScheme, refuse_other_layers, scheme_from_record
from nnasim.errors import CheckpointError
from nnasim.free_memory import ask_for_memory
from nnasim.ir.trace import System
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.histogram import Method


def scheme_for(
    checkpoint: Checkpoint, system: System, numerics: NumericsConfig, method: Method = "mse"
) -> QuantScheme | None:
    """The quantisation of this checkpoint's model for ``system`` on a chip of ``numerics``.

    None if the chip multiplies nothing: ``float``, and ``cpu_int8``, which finds its ranges as it runs. An aat model
    brings its own ranges and tables. On a chip of other numerics than it was trained for, its ranges are calibrated
    again: it runs there, but it was not trained for that chip. Raises CheckpointError.
    """
    if system in ("float", "cpu_int8"):
        return None
    scheme = _scheme_for(checkpoint, system, numerics, method)
    refuse_other_layers(scheme, checkpoint.shape.lstm_layers, checkpoint.path)
    return scheme


def _scheme_for(checkpoint: Checkpoint, system: System, numerics: NumericsConfig, method: Method) -> QuantScheme:
    histograms = checkpoint.part("calibration")
    # A chip without an activation unit leaves gates to the CPU, in float; the tables are then never used.
    usable = numerics if numerics.has_unit else _with_tables(numerics)
    if system != "aat":
        return calibrate(histograms, usable, method, checkpoint.path)
    if checkpoint.quantisation is None:
        raise CheckpointError(
            checkpoint.path, "system", checkpoint.system, "has no chip operators trained in: use naive"
        )
    trained = scheme_from_record(checkpoint.quantisation, checkpoint.part("tables"), checkpoint.path)
    return trained if trained.numerics == usable else calibrate(histograms, usable, method, checkpoint.path)


def brings_its_own(checkpoint: Checkpoint, scheme: QuantScheme) -> bool:
    """Whether ``scheme`` has the arithmetic that an aat model was trained for, whose ranges then are its own."""
    trained = (checkpoint.quantisation or {}).get("numerics")
    return trained == scheme.numerics.model_dump(mode="json")


def _with_tables(numerics: NumericsConfig) -> NumericsConfig:
    return numerics.with_({"activation": "lut8"})


def arithmetic_for(system: System, scheme: QuantScheme | None, numerics: NumericsConfig) -> Arithmetic:
    """The arithmetic of ``system``; a chip without an activation unit computes gates on the CPU whatever the system."""
    if scheme is None:
        return DynamicArithmetic() if system == "cpu_int8" else FloatArithmetic()
    gates_on_cpu = system == "cpu_fallback" or not numerics.has_unit
    return FallbackArithmetic(scheme) if gates_on_cpu else ChipArithmetic(scheme)


def load_system(
    path: str | Path, system: System, numerics: NumericsConfig, method: Method = "mse", device: str = "cpu"
) -> tuple[Checkpoint, Rnnt, QuantScheme | None]:
    """Checkpoint, model and scheme of ``system``, ready to decode on ``device``: cpu, cuda or cuda:N.

    From here on torch computes with one thread, so that sums have one order.
    Raises CheckpointError, FileError, or ConfigError for a device that is not there.
    """
    ask_for_memory()
    place = open_device(device)
    checkpoint = read_checkpoint(path)
    scheme = scheme_for(checkpoint, system, numerics, method)
    model = build_model(checkpoint.recipe, checkpoint.tokens.size, arithmetic_for(system, scheme, numerics))
    load_parameters(model, checkpoint.part("model"), checkpoint.path)
    model.to(place).eval()
    torch.set_num_threads(1)
    return checkpoint, model, scheme
