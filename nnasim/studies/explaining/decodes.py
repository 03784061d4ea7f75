"""The same speech decoded by the same checkpoint: in the chip's arithmetic, and with one choice of it relaxed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from aat_training.checkpoint import Checkpoint, read_checkpoint
from aat_training.checkpoint_files import checkpoint_files, checkpoint_for
from aat_training.data.check import check_files
from aat_training.data.examples import load_examples
from aat_training.data.manifest import read_manifest
from aat_training.decode.corpus import decode_corpus
from aat_training.model.arithmetic import Arithmetic
from aat_training.model.build import build_model, load_parameters
from aat_training.model.float_arithmetic import FloatArithmetic
from aat_training.model.rnnt import Rnnt
from aat_training.placement import operation_units
from aat_training.quant.eased import EasedArithmetic, eased_scheme
from aat_training.score import Score, fewer_errors_interval, probability_better, score
from aat_training.systems import arithmetic_for, scheme_for
from nnasim import files
from nnasim.errors import ConfigError, NnasimError
from nnasim.hardware import NnaConfig
from nnasim.ir.explanation import Explanation, FieldWords, NumericsWords
from nnasim.ir.result import SimResult
from nnasim.ir.trace import OpTrace, System, Unit
from nnasim.pipeline import simulate
from nnasim.progress import Progress, silent
from nnasim.records import validated
from nnasim.studies.explaining.easings import Easing, easings
from nnasim.studies.explaining.speech import Speech, system_of
from nnasim.studies.provenance import shown_path
from workloads.rnnt.builder import build_trace

_SAME = ("system", "digests", "numerics_hash", "utterances", "words", "errors")
Keep = Callable[[SimResult], None]


class Decoder:
    """A checkpoint and speech; ``score`` decodes it in one arithmetic after another."""

    def __init__(self, speech: Speech, system: System, chip: NnaConfig) -> None:
        self.system, self.chip = system, chip
        self.checkpoint: Checkpoint = read_checkpoint(checkpoint_for(speech.checkpoints, system))
        scheme = scheme_for(self.checkpoint, system, chip.numerics)
        assert scheme is not None  # systems of the CPU have no choices of the chip's
        self.scheme = scheme
        self.shape = self._model(FloatArithmetic()).shape
        frames = self.shape.reduction * chip.compiler.chunk_frames
        self.trace: OpTrace = build_trace(self.shape, frames, 1, system=system, numerics=chip.numerics)
        self.speech = speech

    def load(self, progress: Progress) -> None:
        """Load the features of the speech. Raises ManifestError or FileError."""
        entries = read_manifest(self.speech.manifest, self.speech.limit)
        check_files(entries)
        recipe, tokens = self.checkpoint.recipe, self.checkpoint.tokens
        self.examples = load_examples(entries, recipe, tokens, progress=progress)

    def score(self, easing: Easing | None) -> Score:
        """Word errors with one choice relaxed. Raises NumericsError or ConfigError if no chip can be like that."""
        model = self._model(self._arithmetic(easing))
        return score(decode_corpus(model, self.examples, self.checkpoint.recipe, self.checkpoint.tokens))

    def _model(self, arithmetic: Arithmetic) -> Rnnt:
        model = build_model(self.checkpoint.recipe, self.checkpoint.tokens.size, arithmetic)
        load_parameters(model, self.checkpoint.part("model"), self.checkpoint.path)
        return model.eval()

    def _arithmetic(self, easing: Easing | None) -> Arithmetic:
        if easing is None:
            return arithmetic_for(self.system, self.scheme, self.chip.numerics)
        if easing.real == "all":
            return FloatArithmetic()
        if easing.real is not None:
            return EasedArithmetic(self.scheme, self._units(), easing.real)
        numerics = self.chip.with_(easing.changes).numerics
        eased = eased_scheme(self.scheme, self.checkpoint, numerics)
        return arithmetic_for(self.system, eased, numerics)

    def _units(self) -> Mapping[str, Unit]:
        return operation_units(self.trace, self.chip)


def forget(result: SimResult) -> None:
    """Keep nothing: the default of ``keep``."""


def with_words(result: SimResult, speech: Speech, keep: Keep = forget, progress: Progress = silent) -> SimResult:
    """``result`` with the words that each field of the numerics costs. ``keep`` gets it after each decoding.

    Decodings that it holds already, of the same speech, model and arithmetic, are not repeated. Raises ConfigError if
    the models are not those that ran, and every error that reading and decoding raise.
    """
    explanation = result.explanation or Explanation()
    chip = validated(NnaConfig, result.hardware, "result")

    def joined(words: NumericsWords) -> SimResult:
        return result.model_copy(update={"explanation": explanation.model_copy(update={"numerics_words": words})})

    known = explanation.numerics_words
    return joined(_words_by_field(speech, result, chip, known, lambda words: keep(joined(words)), progress))


def _words_by_field(
    speech: Speech,
    result: SimResult,
    chip: NnaConfig,
    known: NumericsWords | None,
    keep: Callable[[NumericsWords], None],
    progress: Progress = silent,
) -> NumericsWords:
    """Word errors of ``result``'s system on ``chip`` as it is, and with one choice of the numerics relaxed at a time.

    ``known``: the findings of an earlier call; decodings of the same speech, model and arithmetic are not repeated.
    ``keep`` gets the findings after each decoding. Raises ConfigError if another model ran than the checkpoint's, and
    every error that reading and decoding raise.
    """
    system = system_of(result)
    decoder = Decoder(speech, system, chip)
    refuse_other_model(decoder, result)
    decoder.load(progress)
    planned = list(easings(chip.numerics, system))
    begun = time.monotonic()
    base = decoder.score(None)
    words = NumericsWords(
        system=system,
        checkpoint=shown_path(checkpoint_for(speech.checkpoints, system)),
        manifest=shown_path(speech.manifest),
        digests=_digests(speech, system),
        numerics_hash=chip.numerics.digest(),
        utterances=base.utterances,
        words=base.words,
        errors=base.errors,
        planned=len(planned),
    )
    rows = _same(known, words)
    missing = [easing for easing in planned if (easing.field, easing.eased) not in rows]
    for done, easing in enumerate(missing, start=1):
        spent = (time.monotonic() - begun) / done
        progress("decodes", done, len(missing) + 1, f"about {spent * (len(missing) + 1 - done):.0f} s more")
        rows[easing.field, easing.eased] = _of_field(decoder, base, easing)
        words = words.model_copy(update={"fields": tuple(rows.values())})
        keep(words)
    progress("decodes", len(missing) + 1, len(missing) + 1)
    return words.model_copy(update={"fields": tuple(rows.values())})


def _of_field(decoder: Decoder, base: Score, easing: Easing) -> FieldWords:
    row = FieldWords(field=easing.field, today=easing.today, eased=easing.eased, changes=easing.changes)
    try:
        eased = decoder.score(easing)
    except NnasimError as error:
        return row.model_copy(update={"refused": str(error)[:2000]})
    figures = {
        "errors": eased.errors,
        "saved": base.errors - eased.errors,
        "interval": fewer_errors_interval(eased, base),
        "better": probability_better(eased, base),
    }
    return row.model_copy(update=figures)


def _same(known: NumericsWords | None, words: NumericsWords) -> dict[tuple[str, str], FieldWords]:
    """The rows of ``known`` that are of the speech, model and arithmetic of ``words``."""
    if known is None or any(getattr(known, name) != getattr(words, name) for name in _SAME):
        return {}
    return {(row.field, row.eased): row for row in known.fields}


def refuse_other_model(decoder: Decoder, result: SimResult) -> None:
    """Raise ConfigError unless the run has the operations of the checkpoint's model, each on the same unit."""
    own, ran = (_work(other) for other in (simulate(decoder.trace, decoder.chip), result))
    # With chunks of frames the encoder's graphs have other names; the load of resident weights depends on the calls.
    shared = own.keys() & ran.keys() & decoder.trace.graphs.keys()
    if not shared or any(own[graph] != ran[graph] for graph in shared):
        allowed = "must be the model that ran, with its operations on the same units: no other has the run's words"
        raise ConfigError("explain", "checkpoints", str(decoder.checkpoint.path.parent), allowed)


def _work(result: SimResult) -> dict[str, set[tuple[str, str, int]]]:
    """The operations of each graph: name, unit, and multiply-accumulates of one call."""
    work: dict[str, set[tuple[str, str, int]]] = {}
    for op in result.ops:
        if op.kind != "handoff" and op.count:
            work.setdefault(op.graph, set()).add((op.op, op.unit, op.macs // op.count))
    return work


def _digests(speech: Speech, system: System) -> dict[str, str]:
    """SHA-256 of the manifest and of both files of the checkpoint."""
    weights, meta = checkpoint_files(checkpoint_for(speech.checkpoints, system))
    named = {"manifest": speech.manifest, weights.name: weights, meta.name: meta}
    return {name: files.digest(path) for name, path in named.items()}
