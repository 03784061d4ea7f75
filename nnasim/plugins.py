"""Parts by name: those of nnasim, and those that other packages add as entry points.

What a package's part does wrong is told as that package's: a part of another type is refused where it is loaded
(``guard``), and whose code raised an error is read from its traceback (``blamed``).
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from importlib.metadata import EntryPoint, entry_points
from traceback import walk_tb
from typing import Any, Generic, TypeVar, cast

from nnasim.errors import named, shown

PartT = TypeVar("PartT")

OURS = ("nnasim", "reports", "workloads", "aat_training")
_COUNTED = {1: "one argument", 2: "two arguments", 3: "three arguments"}
IN_USE: dict[str, str] = {}
"""Outermost package or module of a plug-in's code that was loaded -> what the user knows it by."""


class Plugins(Generic[PartT]):
    """All parts of one kind, each imported at its first use.

    ``group``: the group of entry points in which other packages declare their parts. ``bundled``: name ->
    "module:attribute" of nnasim's own parts, written like entry points; a plug-in cannot take a bundled name.
    ``needs``: attributes that every part of this kind has. ``guard``: "module:function" of a function that takes the
    origin of a package's part and the part, and returns a part whose answers are checked. It raises ValueError for
    one of another type.
    """

    def __init__(
        self, group: str, bundled: Mapping[str, str] | None = None, needs: Sequence[str] = (), guard: str | None = None
    ) -> None:
        self.group, self._needs = group, tuple(needs)
        self._guard = EntryPoint("guard", guard, group) if guard else None
        self._bundled = {name: EntryPoint(name, value, group) for name, value in (bundled or {}).items()}
        self._loaded: dict[str, PartT] = {}
        self._added: dict[str, PartT] = {}

    @property
    def names(self) -> list[str]:
        """The known names: first nnasim's own, then those of installed plug-ins."""
        return [*self._bundled, *sorted((set(self._installed()) | set(self._added)) - set(self._bundled))]

    def get(self, name: object) -> PartT:
        """The part called ``name``. Raises ValueError with the known names, or with the reason why a plug-in's part
        cannot be used.
        """
        if not isinstance(name, str):
            raise ValueError(self._allowed())
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def known(self, name: object) -> str:
        """``name``, if a usable part has it. Raises ValueError as ``get`` does. The validator of a field that names a
        part.
        """
        self.get(name)
        return cast(str, name)

    def add(self, name: str, part: PartT) -> None:
        """Make ``part`` available as ``name`` in this process. Raises ValueError if nnasim or a package has the
        name.
        """
        if name in self._bundled or name in self._installed():
            raise ValueError(f"is taken by {self.origin(name)}")
        self._loaded[name] = self._guarded(name, f"the part {named(name)}, which this session added,", part)
        self._added[name] = part

    def listed(self, name: object) -> object:
        """``name``, if a part has it. Raises ValueError as ``get`` does. Imports nothing."""
        if isinstance(name, str) and (name in self._bundled or name in self._added or name in self._installed()):
            return name
        raise ValueError(self._allowed())

    def added(self, name: str) -> bool:
        """Whether the part ``name`` comes from a plug-in."""
        return name not in self._bundled

    def origin(self, name: str) -> str:
        """The package that added ``name`` with its version, as "kiln 1.2"; "nnasim" for nnasim's own part."""
        if not self.added(name):
            return "nnasim"
        if name in self._added:
            return "this session"
        distribution = self._installed()[name].dist
        return f"{distribution.name} {distribution.version}" if distribution else "unknown"

    def _installed(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self.group)}

    def _rival(self, point: EntryPoint) -> str | None:
        """Another package that declares a part of the same name, with its version."""
        others = (other.dist for other in entry_points(group=self.group) if other.name == point.name)
        mine = point.dist.name if point.dist else None
        return next(
            (f"{named(other.name)} {named(other.version)}" for other in others if other and other.name != mine), None
        )

    def _load(self, name: str) -> PartT:
        point = self._bundled.get(name) or self._installed().get(name)
        if point is None:
            raise ValueError(self._allowed())
        if name in self._bundled:
            return cast(PartT, point.load())
        who = f"the entry point {named(name)} of {self.group} ({named(self.origin(name))})"
        if other := self._rival(point):
            raise ValueError(f"{who} has a name that {other} declares too: uninstall one of them")
        try:
            with redirect_stdout(sys.stderr):  # what it prints is none of the output, which may be JSON
                part = point.load()
            lacking = next((need for need in self._needs if not hasattr(part, need)), None)
        except KeyboardInterrupt:
            raise
        # Another package's code: whatever it raises, and be it an exit, the user learns whose it was.
        except BaseException as error:
            raise ValueError(f"{who} cannot be loaded: {shown(error)}") from None
        if lacking:
            raise ValueError(f"{who} is {shown(part)}, which has no {lacking}")
        module = point.module.partition(".")[0]
        if module not in (*OURS, *sys.stdlib_module_names):
            others = IN_USE.get(module, who)
            IN_USE[module] = others if who in others else f"{others} or {who}"
        return self._guarded(name, who, part)

    def _guarded(self, name: str, who: str, part: Any) -> PartT:
        return cast(PartT, part if self._guard is None else self._guard.load()(name, who, part))

    def _allowed(self) -> str:
        *others, last = map(repr, self.names or ["nothing: none is installed"])
        return f"must be {', '.join(others)} or {last}" if others else f"must be {last}"


def refuse_signatures(who: str, part: object, arguments: Mapping[str, int]) -> None:
    """Raise ValueError unless each function of ``part`` takes so many arguments by their places, beside its own object:
    one that was written for another version of the interface would fail in our code, amid a run.
    """
    for name, count in arguments.items():
        function = getattr(part, name)
        if not callable(function):
            raise ValueError(f"{who}: {name} = {shown(function)}: must be a function")
        unbound = isinstance(part, type) and inspect.isfunction(inspect.getattr_static(part, name))
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):  # one of C may not say
            continue
        try:
            signature.bind(*[None] * (count + unbound))
        except TypeError:
            raise ValueError(f"{who}: {name}{signature} cannot be called with {_COUNTED[count]}") from None


def blamed(error: BaseException) -> str | None:
    """The line for an error within a package's part: whose it is, and what it says. None for an error of ours."""
    for each in _chain(error):
        modules = [str(frame.f_globals.get("__name__")).partition(".")[0] for frame, _ in walk_tb(each.__traceback__)]
        who = next((IN_USE[module] for module in reversed(modules) if module in IN_USE), None)
        if who:
            return f"{who} failed: {shown(each)}"
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """``error``, and those that it was raised from: the event loop raises a copy of what a block raised."""
    seen: BaseException | None = error
    for _ in range(20):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__
