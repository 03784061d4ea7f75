"""Strict YAML: bounded, without aliases, tags and duplicate keys, and with finite numbers only."""

from __future__ import annotations

import io
import math
from typing import Any

from nnasim import filekind, limits
from nnasim.errors import FileError


def parse_yaml(text: str, source: object) -> Any:
    """The value of a strict YAML text, as of ``read_yaml``; messages name ``source``."""
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import YAMLError

    def loader() -> Any:
        return YAML(typ="safe", pure=True)

    try:
        depth = documents = 0
        for number, event in enumerate(loader().parse(io.StringIO(text))):
            if number > limits.YAML_EVENTS:
                raise FileError(source, f"YAML has more than {limits.YAML_EVENTS:,} values")
            kind = type(event).__name__
            if kind in ("MappingStartEvent", "SequenceStartEvent"):
                depth += 1
                if depth > limits.YAML_DEPTH:
                    raise FileError(source, f"YAML is nested deeper than {limits.YAML_DEPTH:,}")
            elif kind in ("MappingEndEvent", "SequenceEndEvent"):
                depth -= 1
            elif kind == "DocumentStartEvent":
                documents += 1
                if event.version not in (None, (1, 2)) or event.tags:
                    raise FileError(source, "YAML directives are not allowed: this is read as YAML 1.2")
            elif kind == "ScalarEvent" and event.value == "<<" and event.style in (None, ""):
                raise FileError(source, "YAML merge keys (<<) are not allowed; a chip `extends` another")
            if kind == "AliasEvent" or getattr(event, "anchor", None) is not None:
                raise FileError(source, "YAML anchors and aliases are not allowed")
            if (tag := getattr(event, "ctag", None)) is not None:
                raise FileError(source, f"the YAML tag {_tag_text(tag)} is not allowed")
        if documents > 1:
            raise FileError(source, "holds more than one YAML document")
        data = loader().load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" from line {mark.line + 1} column {mark.column + 1} on" if mark else ""
        why = " (a key is there twice)" if isinstance(error, DuplicateKeyError) else ""
        seems = filekind.hint(filekind.of_text(text), unless="YAML")
        raise FileError(source, f"is not YAML{place}{why}{seems}") from None
    except (RecursionError, ValueError, OverflowError, TypeError):
        raise FileError(source, "is not YAML: it has a value that cannot be read") from None
    _refuse_non_finite(data, source)
    return data


def _tag_text(tag: Any) -> str:
    """The beginning of a tag, as it is written. Its ``str`` takes time that grows with the square of its length."""
    return ascii(f"{tag.handle or ''}{tag.suffix[:50]}")[:60]


def _refuse_non_finite(data: Any, source: object) -> None:
    if isinstance(data, float) and not math.isfinite(data):
        raise FileError(source, f"YAML has {data}, only finite numbers are allowed")
    for item in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        _refuse_non_finite(item, source)
