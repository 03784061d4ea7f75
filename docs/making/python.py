"""The page about Python, made from docstrings."""

from __future__ import annotations

import inspect

import nnasim

RETURNED = {  # the objects that the functions return, by the module that defines them
    "nnasim.hardware": ("NnaConfig",),
    "nnasim.front.results": ("Result",),
    "nnasim.front.shared": ("Shared",),
    "nnasim.front.explaining": ("Explained", "ExplainedTogether"),
    "nnasim.front.explaining_streams": ("ExplainedStreams",),
    "nnasim.front.comparing": ("Comparison",),
    "nnasim.front.comparing_chips": ("ChipComparison",),
    "nnasim.front.sweeping": ("Sweep",),
    "nnasim.front.speech": ("Recogniser", "Decoding"),
    "nnasim.front.reading": ("ReadModel",),
    "nnasim.front.importing": ("ImportedModel",),
    "nnasim.front.modules": ("TrainedModule",),
    "nnasim.front.fitting": ("Fit",),
    "nnasim.front.validating": ("Validation",),
    "nnasim.front.units": ("UnitCurve",),
}
MEMBERS = {"NnaConfig": ":members: with_"}  # its fields have a page of their own
INTRODUCTION = """# Python

These are the functions that `import nnasim` offers, and below them the objects that they return. `import nnasim` loads
neither numpy nor torch; each function is imported at its first use.

Every function checks its arguments before it works. A mistake raises an error of one line, a subclass of
`nnasim.NnasimError`: `ConfigError` for an argument or a chip, `FileError` for a file, `TraceError` for a trace or a
result, `ManifestError` for a list of speech, `CheckpointError` for a trained model, `PlacementError` for an operation
that runs nowhere, `NumericsError` for numbers beyond their format, `SimulationError` for a run that cannot end, and
`MissingExtraError` for an optional part that is not installed (`pip install 'nnasim[train]'` for the extra `train`).
Words such as *trace*, *preset* or *hand-off* are explained in the [glossary](../../glossary.md).

An argument called `progress` is a function that is told of every step of a long piece of work."""


def python_page() -> str:
    """A page of autodoc directives: every name that ``import nnasim`` offers, then the objects that they return."""
    names = [name for name in nnasim.__all__ if name != "__version__"]
    functions = [_directive(name, _kind(getattr(nnasim, name))) for name in names]
    return "\n\n".join([INTRODUCTION, *functions, "## Objects", *_objects()]) + "\n"


def _kind(value: object) -> str:
    return "autoexception" if inspect.isclass(value) and issubclass(value, Exception) else "autofunction"


def _directive(name: str, kind: str) -> str:
    return f"## nnasim.{name}\n\n```{{eval-rst}}\n.. {kind}:: nnasim.{name}\n```"


def _objects() -> list[str]:
    return [
        f"### {name}\n\n```{{eval-rst}}\n.. autoclass:: {home}.{name}()\n   {MEMBERS.get(name, ':members:')}\n```"
        for home, names in RETURNED.items()
        for name in names
    ]
