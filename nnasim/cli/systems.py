"""Names of systems as options give them."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from nnasim.errors import InputError

if TYPE_CHECKING:
    from nnasim.ir.trace import System


def chosen_systems(option: list[str] | None, more: list[str] | None) -> list[System]:
    """The systems of `--systems`, given as "a,b", "a b" or the option repeated, in the order in which all are shown."""
    from nnasim.ir.trace import System

    all_systems: tuple[System, ...] = get_args(System)
    if more and not option:
        raise InputError("compare", "argument", more[0], "is not expected here")
    names = [name for text in (*(option or ()), *(more or ())) for name in text.replace(",", " ").split()]
    for name in names:
        if name not in all_systems:
            raise InputError("compare", "--systems", name, f"known are {', '.join(all_systems)}")
    if option and not names:
        raise InputError("compare", "--systems", "", f"known are {', '.join(all_systems)}")
    return [name for name in all_systems if not names or name in names]


def one_system(name: str, command: str) -> System:
    """The system of that name. Raises InputError, which lists the known ones."""
    from nnasim.ir.trace import System

    all_systems: tuple[System, ...] = get_args(System)
    for system in all_systems:
        if system == name:
            return system
    raise InputError(command, "--system", name, f"known are {', '.join(all_systems)}")
