"""The origin of a result beside its command: the versions and the commit, written into every result file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from nnasim.hardware import NnaConfig, preset_names, preset_rows
from nnasim.ir.result import Parameter, SimResult

PACKAGES = ("nnasim", "numpy", "simpy")
PACKAGE_ROOT = Path(__file__).resolve().parents[2]


def versions(extra: Iterable[str] = ()) -> dict[str, str]:
    """Versions of Python and of the packages that determine a result; one that is absent is left out."""
    by_package = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in (*PACKAGES, *extra):
        try:
            by_package[name] = version(name)
        except PackageNotFoundError:
            continue
    return by_package


def commit() -> str | None:
    """The commit of this source tree; None for an installed package, whose version says it all."""
    if not (PACKAGE_ROOT / ".git").exists():
        return None
    command = ["git", "-C", str(PACKAGE_ROOT), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def shown_path(path: Path) -> str:
    """The path as given; one of the package's own without the folder that this machine has it in."""
    own = path.is_absolute() and path.is_relative_to(PACKAGE_ROOT)
    return str(path.relative_to(PACKAGE_ROOT) if own else path)


def documented(result: SimResult, preset: str, chip: NnaConfig, command: str | None) -> SimResult:
    """``result`` with its origin: command, commit, versions, and unit and source of each chip parameter.

    ``preset``: the name or file that ``chip`` was read from. A chip that was made in Python and has no such name is
    recorded without sources.
    """
    return with_origin(result, parameters(preset, chip), command)


def with_origin(result: SimResult, rows: tuple[Parameter, ...], command: str | None) -> SimResult:
    """``result`` with command, commit and versions, and with the parameters of its chip, ``rows``."""
    origin = {"command": command, "commit": commit(), "versions": {**result.versions, **versions()}}
    return with_section(result.model_copy(update=origin), parameters=rows)


def parameters(preset: str, chip: NnaConfig) -> tuple[Parameter, ...]:
    """Each field of ``chip`` with unit and source; none of a chip that no file of that name describes."""
    has_sources = preset in preset_names() or Path(preset).exists()
    return tuple(
        Parameter(field=row.field, value=row.value, unit=row.unit, source=row.source)
        for row in (preset_rows(preset, chip) if has_sources else ())
    )


def with_section(result: SimResult, **sections: object) -> SimResult:
    """``result`` with ``sections`` of its extra part, by name, in place of what was there."""
    return result.model_copy(update={"extra": result.extra.model_copy(update=sections)})
