"""The inputs of a call that are outputs of the call before: declared, or proposed by name. Never by shape."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from workloads.stepgraph.graph import Tensor
from workloads.stepgraph.refusals import Refusal

Pair = tuple[str, str]
"""The names of an input and of an output."""

_BEFORE = ("in", "input", "inputs", "prev", "previous", "old", "past", "init", "initial", "cur", "current")
_AFTER = ("out", "output", "outputs", "new", "next", "updated", "present", "final", "n", "r")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^A-Za-z\d\s._/:-]+")


def declared(
    states: Iterable[str | Pair], inputs: Collection[str], outputs: Collection[str]
) -> tuple[list[Pair], list[Refusal]]:
    """The pairs that ``states`` declare, each "IN:OUT" or (IN, OUT), where a * stands for the same part of both names.

    Refused are names that the model does not have, and pairs that are given twice.
    """
    pairs, refusals = list[Pair](), list[Refusal]()
    for state in states:
        found, reason = _declared(state, inputs, outputs)
        pairs += [pair for pair in found if pair not in pairs]
        if reason:
            refusals.append(Refusal(state if isinstance(state, str) else ":".join(state), "state", reason))
    return pairs, refusals + list(_twice(pairs))


def _declared(state: str | Pair, inputs: Collection[str], outputs: Collection[str]) -> tuple[list[Pair], str]:
    """The pairs of one declaration, and the reason if there are none."""
    ways = _ways(state) if isinstance(state, str) else [state]
    if not ways:
        return [], "must say an input and an output, as IN:OUT"
    matches = [list(_matching(*way, inputs)) for way in ways]
    for pairs in matches:
        if found := [pair for pair in pairs if pair[1] in outputs]:
            return found, ""
    if wanted := next(filter(None, matches), []):
        return [], f"the model has no output {wanted[0][1]}; its outputs are {_few(outputs)}"
    return [], f"the model has no input {ways[0][0]}; its inputs are {_few(inputs)}"


def _ways(state: str) -> list[Pair]:
    """Every way to read IN:OUT, since names may hold colons too."""
    parts = state.split(":")
    return [(":".join(parts[:cut]), ":".join(parts[cut:])) for cut in range(1, len(parts))]


def _matching(before: str, after: str, inputs: Iterable[str]) -> Iterator[Pair]:
    """(input, output) for each input that fits ``before``; what its * stand for fills those of ``after``."""
    pieces = before.split("*")
    for name in inputs:
        if (stood_for := _between(pieces, name)) is not None:
            first, *rest = after.split("*")
            parts = [*stood_for, *("*",) * len(rest)]
            yield name, first + "".join(part + piece for part, piece in zip(parts, rest, strict=False))


def _between(pieces: Sequence[str], name: str) -> list[str] | None:
    """The texts between ``pieces``, of which ``name`` consists, the first as long as can be; None if it does not.

    From the end, in one pass: a pattern of regular expressions would try all places of all pieces.
    """
    first, *others = pieces
    if not others:
        return [] if name == first else None
    if not (name.startswith(first) and name.endswith(others[-1]) and len(name) >= len(first) + len(others[-1])):
        return None
    end, parts = len(name) - len(others[-1]), list[str]()
    for piece in reversed(others[:-1]):
        if (start := name.rfind(piece, len(first), end)) < 0:
            return None
        parts.append(name[start + len(piece) : end])
        end = start
    return [name[len(first) : end], *reversed(parts)]


def _twice(pairs: Sequence[Pair]) -> Iterator[Refusal]:
    for place, what in enumerate(("input", "output")):
        for name, count in Counter(pair[place] for pair in pairs).items():
            if count > 1:
                yield Refusal(name, "state", f"this {what} belongs to more than one state")


def _few(names: Collection[str]) -> str:
    """The first of ``names``, as a message has room for."""
    shown = list(names)[:_SHOWN]
    return ", ".join(shown) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


_SHOWN = 12


def proposed(inputs: Collection[str], outputs: Collection[str]) -> list[Pair]:
    """The pairs whose names suggest that they belong together: X and new_X, X_out, X_next, XN, and their like.

    A name that could belong to several belongs to none. There are no pairs either if no input would be left.
    """
    by_stem = defaultdict[tuple[str, ...], list[str]](list)
    for output in outputs:
        by_stem[_stem(output, _AFTER)].append(output)
    partners = {name: _partners(name, by_stem, set(outputs)) for name in inputs}
    pairs = [(name, *others) for name, others in partners.items() if len(others) == 1]
    claims = Counter(output for _, output in pairs)
    alone = [(name, output) for name, output in pairs if claims[output] == 1]
    return alone if len(alone) < len(inputs) else []


def _partners(name: str, by_stem: Mapping[tuple[str, ...], Sequence[str]], outputs: Collection[str]) -> list[str]:
    """The outputs that name what the input ``name`` does, one call later: by a letter behind it, else by its words."""
    stems = [name, *([name[:-1]] if name.endswith("0") else [])]
    if lettered := [stem + letter for stem in stems for letter in "nN" if stem + letter in outputs]:
        return lettered
    stem = _stem(name, _BEFORE)
    return [output for output in by_stem.get(stem, ()) if stem and _words(output) != _words(name)]


def _stem(name: str, directions: Collection[str]) -> tuple[str, ...]:
    """The words of a name without those that say whether it is an input or an output."""
    return tuple(word for word in _words(name) if word not in directions)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]


def candidates(inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor], pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Inputs and outputs of equal shape and type that belong to no pair: what a user may be asked, never more."""
    taken = {name for pair in pairs for name in pair}
    alike = defaultdict[Tensor, list[str]](list)
    for output, tensor in outputs.items():
        if output not in taken:
            alike[tensor].append(output)
    for name, tensor in inputs.items():
        if name not in taken:
            yield from ((name, output) for output in alike[tensor])


def misfits(inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor], pairs: Iterable[Pair]) -> Iterator[Refusal]:
    """The pairs whose sides differ in shape or type, of those that both are there."""
    for name, output in pairs:
        if name in inputs and output in outputs and inputs[name] != outputs[output]:
            before, after = inputs[name], outputs[output]
            yield Refusal(
                name, "state", f"is {before.dtype} {before.shape}, but {output} is {after.dtype} {after.shape}",
                "a state keeps its shape from call to call: give the shape that it has, or declare other `states`",
            )  # fmt: skip


def unkept(keep: Iterable[str], forgetful: Sequence[str]) -> Iterator[Refusal]:
    """Names of layers to ``keep`` that have no state to keep, or that do not exist."""
    names = ", ".join(forgetful)
    why = f"is no layer that forgets; they are {names}" if names else "is no layer that forgets, as there is none"
    for name in sorted(set(keep) - set(forgetful)):
        yield Refusal(name, "keep_state", why)


def unnamed(inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor], pairs: Iterable[Pair]) -> Iterator[Refusal]:
    """Questions about inputs whose names leave open whether one of them is a state."""
    pairs = list(pairs)
    if len(inputs) - len(pairs) < 2:
        return
    found = list(candidates(inputs, outputs, pairs))
    if found:
        lines = _few([f"{name}:{output}" for name, output in found])
        yield Refusal(
            ", ".join(dict.fromkeys(name for name, _ in found)), "input",
            "may be a state, which no name says",
            f"say which are with `states`, of {lines}; or that none is, with `states=()`",
        )  # fmt: skip
