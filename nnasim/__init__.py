"""A co-simulator for speech on neural-network accelerators. These are the names that Python users need.

Each name is imported when it is first used, so that ``import nnasim`` stays light: it loads neither numpy, torch,
simpy nor matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnasim.errors import NnasimError as NnasimError
    from nnasim.front.chips import preset as preset
    from nnasim.front.chips import presets as presets
    from nnasim.front.comparing import compare as compare
    from nnasim.front.comparing import read_comparison as read_comparison
    from nnasim.front.comparing_chips import compare_chips as compare_chips
    from nnasim.front.fitting import fit as fit
    from nnasim.front.importing import check_model as check_model
    from nnasim.front.importing import import_model as import_model
    from nnasim.front.manifests import write_manifest as write_manifest
    from nnasim.front.modules import train_module as train_module
    from nnasim.front.reading import read_onnx as read_onnx
    from nnasim.front.reading import read_tflite as read_tflite
    from nnasim.front.reading import read_torch as read_torch
    from nnasim.front.results import read_result as read_result
    from nnasim.front.shared import read_shared as read_shared
    from nnasim.front.showing import show as show
    from nnasim.front.simulating import simulate as simulate
    from nnasim.front.speech import recogniser as recogniser
    from nnasim.front.speech import train as train
    from nnasim.front.sweeping import read_sweep as read_sweep
    from nnasim.front.sweeping import sweep as sweep
    from nnasim.front.traces import trace as trace
    from nnasim.front.traces import write_trace as write_trace
    from nnasim.front.units import activation_unit as activation_unit
    from nnasim.front.units import add_activation_unit as add_activation_unit
    from nnasim.front.validating import validate as validate

__version__ = "0.2.0"

_HOME = {
    "NnasimError": "nnasim.errors",
    "preset": "nnasim.front.chips",
    "presets": "nnasim.front.chips",
    "trace": "nnasim.front.traces",
    "write_trace": "nnasim.front.traces",
    "simulate": "nnasim.front.simulating",
    "read_result": "nnasim.front.results",
    "read_shared": "nnasim.front.shared",
    "compare": "nnasim.front.comparing",
    "read_comparison": "nnasim.front.comparing",
    "compare_chips": "nnasim.front.comparing_chips",
    "sweep": "nnasim.front.sweeping",
    "read_sweep": "nnasim.front.sweeping",
    "read_onnx": "nnasim.front.reading",
    "read_tflite": "nnasim.front.reading",
    "read_torch": "nnasim.front.reading",
    "check_model": "nnasim.front.importing",
    "import_model": "nnasim.front.importing",
    "recogniser": "nnasim.front.speech",
    "train": "nnasim.front.speech",
    "validate": "nnasim.front.validating",
    "fit": "nnasim.front.fitting",
    "train_module": "nnasim.front.modules",
    "write_manifest": "nnasim.front.manifests",
    "activation_unit": "nnasim.front.units",
    "add_activation_unit": "nnasim.front.units",
    "show": "nnasim.front.showing",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    """The public object called ``name``, imported at its first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    if not hasattr(value, "__path__"):
        globals()[name] = value  # the next use costs nothing
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
