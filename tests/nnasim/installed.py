"""A small package as pip would install it: a module, and the metadata that says its entry points."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def install(folder: Path, package: str, code: str, points: Mapping[str, str]) -> Path:
    """``folder``, which now holds ``package`` with its ``code``; put it on sys.path, or into PYTHONPATH.

    ``points``: group of entry points -> "name = attribute of the module".
    """
    (folder / f"{package}.py").write_text(code)
    metadata = folder / f"{package}-1.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
    lines = [f"[{group}]\n{point.replace(' = ', f' = {package}:')}\n" for group, point in points.items()]
    (metadata / "entry_points.txt").write_text("\n".join(lines))
    return folder
