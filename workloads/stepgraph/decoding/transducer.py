"""Encoder, decoder and joiner of a transducer, three graphs that decoding joins: who hands what to whom.

The joiner's two inputs are the encoder's and the decoder's output. They are found by name: an input that is called as
the output is, or the only one with "enc", or with "dec" or "pred", in its name. Nothing is guessed from shapes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workloads.stepgraph.graph import Array, StepGraph
from workloads.stepgraph.refusals import Refusal, RefusedModelError

ENCODER, ROW, DECODER, JOINER = "encoder", "row", "decoder", "joiner"
_SPOKEN_OF = {ENCODER: ("enc",), DECODER: ("dec", "pred")}


@dataclass(frozen=True, eq=False)
class Transducer:
    """The three graphs and the values that pass between them.

    ``features``: the encoder's input; ``encoded``: its output, of ``rows`` outputs that the joiner takes one by one;
    ``tokens``: the decoder's input, the last ``context`` symbols; ``decoded``: its output; ``joins_encoded``,
    ``joins_decoded``: the joiner's inputs; ``logits``: its output. ``blank``: the symbol that stands for none.
    """

    encoder: StepGraph
    decoder: StepGraph
    joiner: StepGraph
    features: str
    encoded: str
    tokens: str
    decoded: str
    joins_encoded: str
    joins_decoded: str
    logits: str
    blank: int = 0

    @property
    def graphs(self) -> Mapping[str, StepGraph]:
        """The graphs by the names that calls have for them."""
        return {ENCODER: self.encoder, DECODER: self.decoder, JOINER: self.joiner}

    @property
    def rows(self) -> int:
        """Outputs that one call of the encoder gives; the joiner runs for each of them."""
        return self.encoder.tensor(self.encoded).elements // self.joiner.tensor(self.joins_encoded).elements

    @property
    def row_axis(self) -> int:
        """The axis of the encoder's output along which its rows lie."""
        return row_axis(self.encoder.tensor(self.encoded).shape, self.rows)

    @property
    def context(self) -> int:
        """Symbols that the decoder looks back on."""
        return self.decoder.tensor(self.tokens).elements

    def row_graphs(self) -> tuple[str, ...]:
        """Names of the graphs that hand row after row to the joiner; none if a call gives a single one."""
        return tuple(f"{ROW}.{index}" for index in range(self.rows)) if self.rows > 1 else ()

    def row(self, encoded: Array, index: int) -> Array:
        """Row ``index`` of the encoder's output, in the shape of the joiner's input."""
        return encoded.take(index, self.row_axis).reshape(self.joiner.tensor(self.joins_encoded).shape)


def row_axis(shape: Sequence[int], rows: int) -> int:
    """The axis of ``rows`` in an encoder's output: the last but one (time, then channels) where both would do."""
    return next(axis for axis in (len(shape) - 2, *reversed(range(len(shape)))) if axis >= 0 and shape[axis] == rows)


def transducer(encoder: StepGraph, decoder: StepGraph, joiner: StepGraph, blank: int = 0) -> Transducer:
    """The three graphs as one transducer. Raises RefusedModelError with all that does not fit, by name."""
    refusals: list[Refusal] = []
    encoded, decoded = _only_output(encoder, refusals), _only_output(decoder, refusals)
    features, tokens = _only_input(encoder, refusals), _only_input(decoder, refusals)
    parts = {ENCODER: encoded, DECODER: decoded}
    joins = {part: _joined(joiner, part, output, refusals) for part, output in parts.items()}
    logits = _only_output(joiner, refusals)
    if not refusals and joins[ENCODER] == joins[DECODER]:
        why = "is taken for both the encoder's and the decoder's output"
        refusals.append(Refusal(joins[ENCODER], "input of the joiner", why, "give the joiner's inputs other names"))
    if refusals:
        raise RefusedModelError(joiner.name, refusals)
    found = Transducer(
        encoder=encoder,
        decoder=decoder,
        joiner=joiner,
        features=features,
        encoded=encoded,
        tokens=tokens,
        decoded=decoded,
        joins_encoded=joins[ENCODER],
        joins_decoded=joins[DECODER],
        logits=logits,
        blank=blank,
    )
    if wrong := _wrong_sizes(found):
        raise RefusedModelError(joiner.name, wrong)
    return found


def _only_input(graph: StepGraph, refusals: list[Refusal]) -> str:
    if len(graph.audio) != 1:
        names = ", ".join(graph.audio) or "none"
        why = f"must have one input beside its states, and has {names}"
        refusals.append(Refusal(graph.name, "transducer", why, "bind the others to constants, or declare their states"))
        return ""
    return graph.audio[0]


def _only_output(graph: StepGraph, refusals: list[Refusal]) -> str:
    kept = {state.output for state in graph.states}
    named = [name for name in graph.outputs if name not in kept and not graph.is_constant(name)]
    if len(named) != 1:
        why = f"must have one output beside its states, and has {', '.join(named) or 'none'}"
        refusals.append(Refusal(graph.name, "transducer", why, "declare its states"))
        return ""
    return named[0]


def _joined(joiner: StepGraph, part: str, output: str, refusals: list[Refusal]) -> str:
    """The joiner's input that is ``output`` of the ``part``."""
    if output in joiner.audio:
        return output
    named = [name for name in joiner.audio if any(word in name.lower() for word in _SPOKEN_OF[part])]
    if len(named) == 1:
        return named[0]
    why = f"has no input {output} of the {part}, and {len(named)} whose names speak of it"
    help_ = f"its inputs are {', '.join(joiner.audio) or 'none'}: call one of them {output}"
    refusals.append(Refusal(joiner.name, "joiner", why, help_))
    return ""


def _wrong_sizes(found: Transducer) -> list[Refusal]:
    """Refusals of values whose sizes do not match at a hand-over."""
    wrong = []
    encoded, joined = found.encoder.tensor(found.encoded), found.joiner.tensor(found.joins_encoded)
    rows, rest = divmod(encoded.elements, joined.elements)
    if rest or not rows or (rows > 1 and rows not in encoded.shape):
        why = f"has the shape {encoded.shape}, no rows of the joiner's {joined.shape}"
        wrong.append(Refusal(found.encoded, "output of the encoder", why))
    decoded, joined = found.decoder.tensor(found.decoded), found.joiner.tensor(found.joins_decoded)
    if decoded.elements != joined.elements:
        why = f"has the shape {decoded.shape}, and the joiner takes {joined.shape}"
        wrong.append(Refusal(found.decoded, "output of the decoder", why))
    if not 0 <= found.blank < found.joiner.tensor(found.logits).elements:
        why = f"is not one of the joiner's {found.joiner.tensor(found.logits).elements} symbols"
        wrong.append(Refusal(str(found.blank), "blank", why))
    return wrong
