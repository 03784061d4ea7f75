"""Greedy decoding with a transducer's float kernels: how often decoder and joiner really run on real speech."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from nnasim.errors import InputError
from nnasim.ir.trace import Utterance
from nnasim.markup import counted
from workloads.stepgraph.decoding.calls import Calls, decoding_calls, emissions, refuse_too_many
from workloads.stepgraph.decoding.transducer import DECODER, ENCODER, JOINER, Transducer
from workloads.stepgraph.graph import Array
from workloads.stepgraph.run import FloatRun
from workloads.stepgraph.steps import Steps
from workloads.stepgraph.stream import Stream

MOST_SYMBOLS = 10  # of one encoder output, after which decoding continues with the next one

See = Callable[[str, FloatRun], None]


def unseen(graph: str, run: FloatRun) -> None:
    """Observe nothing: the default of ``see``."""


@dataclass(frozen=True, eq=False)
class Speech:
    """One utterance: ``features`` (T, F) real, and the second at which each frame exists, ``ready`` (T,)."""

    id: str
    seconds: float
    features: Array
    ready: Array
    speech_end: float | None = None


class Decoder:
    """Decodes utterance after utterance.

    ``see`` is shown every value of every call, with the name of its graph; where a row of the encoder's output is
    handed over, those of the encoder.
    """

    def __init__(self, model: Transducer, max_symbols: int = MOST_SYMBOLS, see: See = unseen) -> None:
        self.model, self.max_symbols, self._see = model, max_symbols, see
        self._streams = {name: Stream(graph) for name, graph in model.graphs.items()}

    def decode(self, inputs: Iterable[Array]) -> Iterator[list[int]]:
        """The symbols that leave at each encoder output; ``inputs``: the inputs of each encoder call."""
        for stream in self._streams.values():
            stream.reset()
        self._history = [self.model.blank] * self.model.context
        predicted = self._predict()
        for heard in inputs:
            encoded = self._call(ENCODER, {self.model.features: heard})[self.model.encoded]
            for index in range(self.model.rows):
                for row in self.model.row_graphs()[index : index + 1]:
                    self._see(row, self._streams[ENCODER].run)
                symbols = list[int]()
                for _ in range(self.max_symbols):
                    symbol = self._join(self.model.row(encoded, index), predicted)
                    if symbol == self.model.blank:
                        break
                    symbols.append(symbol)
                    self._history = [*self._history[1:], symbol]
                    predicted = self._predict()
                yield symbols

    def _call(self, graph: str, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        stream = self._streams[graph]
        outputs = stream(inputs)
        self._see(graph, stream.run)
        return outputs

    def _predict(self) -> Array:
        spec = self.model.decoder.tensor(self.model.tokens)
        tokens = np.array(self._history, spec.dtype).reshape(spec.shape)
        return self._call(DECODER, {self.model.tokens: tokens})[self.model.decoded]

    def _join(self, encoded: Array, predicted: Array) -> int:
        spec = self.model.joiner.tensor(self.model.joins_decoded)
        inputs = {self.model.joins_encoded: encoded, self.model.joins_decoded: predicted.reshape(spec.shape)}
        return int(np.argmax(self._call(JOINER, inputs)[self.model.logits]))


def decode_numbered(model: Transducer, steps: Steps, see: Callable[[str, FloatRun, int], None]) -> None:
    """Decode ``steps``, the inputs of each encoder call, only to observe them: ``see`` is told the number of
    each call.
    """
    call = -1

    def seen(graph: str, run: FloatRun) -> None:
        nonlocal call
        call += graph == ENCODER
        see(graph, run, max(0, call))

    for _ in Decoder(model, see=seen).decode(steps.arrays[model.features]):
        pass  # what is emitted is of no interest here


@dataclass(frozen=True)
class Windows:
    """The windows of an utterance for the encoder's calls: ``frames`` at a time, ``shift`` from one call to the next.

    ``by_channel``: whether the encoder takes (F, T), as NeMo's do, and not (T, F).
    """

    frames: int
    shift: int
    by_channel: bool

    def starts(self, count: int) -> range:
        """The first frame of each call over ``count`` frames; frames after the last whole window are dropped."""
        return range(0, count - self.frames + 1, self.shift)


def windows(model: Transducer, speech: Speech, shift: int | None) -> Windows:
    """The windows of ``speech`` for the encoder; ``shift``: default as many frames as a window has.

    Raises InputError if a frame does not fit the encoder's input, or if the speech is shorter than one window.
    """
    shape, (count, size) = model.encoder.tensor(model.features).shape, speech.features.shape
    frames, rest = divmod(model.encoder.tensor(model.features).elements, size)
    where = f"features of {speech.id}"
    if rest or not frames:
        raise InputError(where, "size", size, f"must divide the input of one call of the encoder, {list(shape)}")
    if count < frames:
        raise InputError(where, "frames", count, f"must be at least the {frames} that one call of the encoder takes")
    return Windows(frames, frames if shift is None else shift, shape[-2:] == (size, frames) and size != frames)


def encoder_calls(model: Transducer, speech: Speech, cut: Windows) -> Iterator[Array]:
    """The input of each encoder call on ``speech``."""
    spec = model.encoder.tensor(model.features)
    for start in cut.starts(len(speech.features)):
        frames = speech.features[start : start + cut.frames]
        yield (frames.T if cut.by_channel else frames).reshape(spec.shape).astype(spec.dtype)


def greedy(
    model: Transducer, corpus: Iterable[Speech], *, shift: int | None = None, max_symbols: int = MOST_SYMBOLS,
    source: str = "speech", see: See = unseen,
) -> Calls:  # fmt: skip
    """The calls of decoding ``corpus``; ``shift``: frames from one encoder call to the next, default its window.

    Raises InputError for speech that does not fit the encoder, ConfigError for a trace that would be too long.
    """
    decoder, utterances = Decoder(model, max_symbols, see), list[Utterance]()
    for speech in corpus:
        cut = windows(model, speech, shift)
        emitted = [len(symbols) for symbols in decoder.decode(encoder_calls(model, speech, cut))]
        utterances.append(_spoken(model, speech, emitted, cut))
        refuse_too_many(utterances)
    symbols = sum(len(utterance.emissions) for utterance in utterances)
    found = f"{counted(len(utterances), 'utterance')} of {source}, {counted(symbols, 'symbol')}"
    return Calls(tuple(utterances), f"greedy decoding with float kernels: {found}")


def _spoken(model: Transducer, speech: Speech, emitted: list[int], cut: Windows) -> Utterance:
    graphs, frames = decoding_calls(emitted, model.row_graphs())
    ends = [start + cut.frames - 1 for start in cut.starts(len(speech.features))]
    arrivals = tuple(round(float(speech.ready[end]), 9) for end in ends)
    return Utterance(
        id=speech.id,
        audio_seconds=max(speech.seconds, arrivals[-1]),
        arrivals=arrivals,
        call_graphs=tuple(graphs),
        call_frames=tuple(frames),
        emissions=emissions(emitted, model.rows),
        speech_end=speech.speech_end,
    )
