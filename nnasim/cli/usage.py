"""Messages about a wrong option, in the same form as those about files: the option, its value and what is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args, get_origin

from nnasim.errors import InputError, shown


def by_option(error: InputError, arguments: Sequence[str]) -> str:
    """The message of ``error``, which names the option if an option gave the wrong thing, such as a recipe."""
    option = "--" + str(error.source).replace(" ", "-")
    if error.field.startswith("--"):  # the source is the command: `train` has an option --train
        return str(error)
    if not any(word == option or word.startswith(f"{option}=") for word in arguments):
        return str(error)
    return str(InputError(option, error.field, error.value, error.allowed))


def usage_message(error: Any, arguments: Sequence[str]) -> str:
    """The line for a usage error of the command line's library, whose own sentence says less and in other words."""
    param: Any = getattr(error, "param", None)
    allowed = allowed_by(param) if type(error).__name__ == "BadParameter" and param is not None else None
    if allowed is None:
        return " ".join(error.format_message().split())
    name = max(param.opts, key=len)
    given = value_of(param.opts, arguments)
    return f"{name}: {allowed}" if given is None else f"{name} = {shown(given)}: {allowed}"


def allowed_by(param: Any) -> str | None:
    """The range of an option, such as "must be a whole number of at least 1 and at most 64"; None if its type
    has none.
    """
    from pydantic import Field

    from nnasim.allowed import Spot, described

    descriptor = getattr(param, "type_descriptor", None)
    kind = getattr(descriptor, "annotation", None)
    if kind is None:
        return None
    bounds = Field(ge=getattr(param, "min", None), le=getattr(param, "max", None))
    return f"must be {described([Spot(_of_one(kind), (bounds,))])}"


def _of_one(kind: Any) -> Any:
    """The type of a single value; for an option that may be repeated, that of each value."""
    repeated = next((alternative for alternative in (kind, *get_args(kind)) if get_origin(alternative) is list), None)
    return kind if repeated is None else get_args(repeated)[0]


def value_of(names: Sequence[str], arguments: Sequence[str]) -> str | None:
    """The value after the last of an option's ``names`` in ``arguments``."""
    value = None
    for place, word in enumerate(arguments):
        for name in names:
            if word == name and place + 1 < len(arguments):
                value = arguments[place + 1]
            elif word.startswith(f"{name}="):
                value = word[len(name) + 1 :]
    return value
