"""The versions that a run was computed with. Another version continues a run, and says so: days of training are not
refused for it, but the bits of an unbroken run are only promised by the same code.
"""

from __future__ import annotations

import importlib.metadata

from nnasim.errors import shown

_COMPUTING = ("nnasim", "numpy", "torch", "torchaudio")


def versions() -> dict[str, str]:
    """The versions of the packages that decide a run's numbers."""
    return {name: importlib.metadata.version(name) for name in _COMPUTING}


def version_notes(before: object, source: object) -> list[str]:
    """A note that names the packages whose versions are not those that computed the run in ``source``, if any."""
    if not isinstance(before, dict):
        return [f"{source}: does not say which versions it was computed with: its bits may differ from an unbroken run"]
    other = [f"{name} {shown(before.get(name))}, here {now!r}" for name, now in versions().items()
             if before.get(name) != now]  # fmt: skip
    if not other:
        return []
    return [f"{source}: computed with {'; '.join(other)}: continues, but with other bits than an unbroken run may have"]
