"""Names of activation units, and where each is defined: ours in this package, a user's own by an entry point.

A preset holds a name alone, and reading one loads no arithmetic: ``activation.unit_kind`` does, when it is asked.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

GROUP = "nnasim.activation"
NO_UNIT = "none"

OURS = {
    name: EntryPoint(name, f"{__package__}.{place}", GROUP)
    for name, place in {
        "lut8": "look_up:LUT8",
        "lut16": "look_up:LUT16",
        "pwl": "piecewise:PWL",
        "plan": "plan:PLAN",
        "hard": "hard:HARD",
        NO_UNIT: "no_unit:NO_UNIT",
    }.items()
}


def known_units() -> dict[str, EntryPoint]:
    """Every name that ``numerics.activation`` may have -> where its ``UnitKind`` is; ours keep their names."""
    installed = {point.name: point for point in entry_points(group=GROUP)}
    return OURS | {name: installed[name] for name in sorted(installed.keys() - OURS.keys())}


def unit_point(name: str) -> EntryPoint | None:
    """Where the unit ``name`` is defined; installed packages are looked through for names that are not ours alone."""
    return OURS.get(name) or known_units().get(name)


def checked_name(value: object) -> object:
    """``value`` where it is the name of a unit. Raises ValueError that lists all names."""
    if isinstance(value, str) and unit_point(value) is not None:
        return value
    *names, last = map(repr, known_units())
    raise ValueError(f"must be {', '.join(names)} or {last}; a package adds one by an entry point of {GROUP}")
