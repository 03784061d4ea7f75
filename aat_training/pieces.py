"""A corpus of stored cepstra as pieces by speaker, cut where a recogniser finds pauses between words."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from aat_training.align import words_known
from aat_training.data.cepstra import CEPSTRA
from aat_training.data.features import features_of
from aat_training.data.manifest import read_manifest
from aat_training.data.recombine import Piece, pieces
from aat_training.data.text import normalised
from aat_training.data.word_cuts import word_cuts
from aat_training.systems import load_system
from nnasim.errors import CheckpointError, FileError, ManifestError
from nnasim.numerics.config import NumericsConfig
from nnasim.progress import Progress, silent


@dataclass
class CorpusPieces:
    """Pieces by speaker; ``cuts`` places between words, of which ``pauses`` are quiet; utterances without a path."""

    by_speaker: dict[str, list[Piece]] = field(default_factory=dict)
    cuts: int = 0
    pauses: int = 0
    left_out: int = 0


def corpus_pieces(manifest: Path, checkpoint_path: Path, progress: Progress = silent) -> CorpusPieces:
    """The utterances of ``manifest``, aligned by the checkpoint's model and cut in their pauses.

    Raises CheckpointError for a model whose tokens are not words or whose features are not cepstra, ManifestError for
    an utterance without speaker or of audio, FileError when no utterance can be aligned.
    """
    checkpoint, model, _ = load_system(checkpoint_path, "float", NumericsConfig())  # type: ignore[call-arg]
    recipe = checkpoint.recipe
    for name, value, allowed in (("tokens", recipe.tokens, "word"), ("features.kind", recipe.features.kind, "cepstra")):
        if value != allowed:
            raise CheckpointError(checkpoint.path.parent, f"recipe.{name}", value, f"must be {allowed}")
    entries, corpus = read_manifest(manifest), CorpusPieces()
    for number, entry in enumerate(entries, start=1):
        progress("alignment", number, len(entries))
        if entry.speaker is None:
            raise ManifestError(entry.where, "speaker", None, "is needed: words of different speakers are not joined")
        features = features_of(entry, recipe.features)
        rows, text = features[:, :CEPSTRA], normalised(entry.text, recipe.text)
        known = words_known(model, checkpoint, np.ascontiguousarray(features), text)
        if known is None:
            corpus.left_out += 1
            continue
        cuts = word_cuts(rows[:, 0], known)
        corpus.cuts += len(cuts)
        corpus.pauses += sum(cut.quiet for cut in cuts)
        corpus.by_speaker.setdefault(entry.speaker, []).extend(pieces(text.split(), rows, cuts))
    if not corpus.by_speaker:
        raise FileError(manifest, "holds no utterance whose words the checkpoint knows")
    return corpus
