"""Parts by name: those of nnasim, and those that other packages add as entry points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar, cast

PartT = TypeVar("PartT")


class Plugins(Generic[PartT]):
    """All parts of one kind, each imported at its first use.

    ``group``: the group of entry points in which other packages declare their parts. ``bundled``: name ->
    "module:attribute" of nnasim's own parts, written like entry points; a plug-in cannot take a bundled name.
    ``needs``: attributes that every part of this kind has.
    """

    def __init__(self, group: str, bundled: Mapping[str, str] | None = None, needs: Sequence[str] = ()) -> None:
        self.group, self._needs = group, tuple(needs)
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
        self._added[name] = self._loaded[name] = part

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

    def _load(self, name: str) -> PartT:
        point = self._bundled.get(name) or self._installed().get(name)
        if point is None:
            raise ValueError(self._allowed())
        try:
            part: Any = point.load()
        # Another package's code: whatever it raises, and be it an exit, the user learns whose it was.
        except (Exception, SystemExit) as error:
            raise ValueError(f"the entry point {name} of {self.group} cannot be loaded: {error!r}") from None
        lacking = next((need for need in self._needs if not hasattr(part, need)), None)
        if lacking:
            raise ValueError(f"the entry point {name} of {self.group} is {part!r}, which has no {lacking}")
        return cast(PartT, part)

    def _allowed(self) -> str:
        *others, last = map(repr, self.names or ["nothing: none is installed"])
        return f"must be {', '.join(others)} or {last}" if others else f"must be {last}"
