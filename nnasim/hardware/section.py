"""The base of every section of a preset."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import SerializerFunctionWrapHandler, model_serializer

from nnasim.records import Record

DESCRIPTIVE = ("name", "description", "validated")
"""Fields of a chip that have no effect on its behaviour."""


class Section(Record):
    """A frozen part of a chip's description; it changes with its chip, through ``NnaConfig.with_``.

    ``UNSAID``: fields that are written only if they differ from their default, so that a chip without them has the file
    and the digest that it had in versions without these fields.
    """

    UNSAID: ClassVar[tuple[str, ...]] = ()

    @model_serializer(mode="wrap")
    def _said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        for name in self.UNSAID:
            if name in data and data[name] == type(self).model_fields[name].get_default(call_default_factory=True):
                del data[name]
        return data
