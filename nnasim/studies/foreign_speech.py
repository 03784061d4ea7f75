"""Speech for imported models: a manifest's audio as the features that such a model takes. Loads torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from nnasim.errors import ConfigError
from nnasim.records import validated
from workloads.stepgraph.decoding.greedy import Speech

if TYPE_CHECKING:
    from aat_training.data.manifest import Entry

FeatureKind = Literal["fbank", "logmel"]
FEATURE_KINDS: tuple[FeatureKind, ...] = get_args(FeatureKind)
LEAST_MELS, MOST_MELS = 4, 128  # torchaudio makes no fewer


def speech_of(entries: Sequence[Entry], kind: FeatureKind, mels: int, sample_rate: int = 16000) -> Iterator[Speech]:
    """Each of ``entries`` as features of ``kind`` with ``mels`` filters: Kaldi's, or this package's own log-mel.

    Raises ManifestError for audio that cannot be read, ConfigError for what the features do not allow.
    """
    if not LEAST_MELS <= mels <= MOST_MELS:
        raise ConfigError("features", "mels", mels, f"must be at least {LEAST_MELS} and at most {MOST_MELS}")
    return (_fbank if kind == "fbank" else _log_mel)(entries, mels, sample_rate)


def _fbank(entries: Sequence[Entry], mels: int, sample_rate: int) -> Iterator[Speech]:
    from aat_training.data.audio import read_audio
    from aat_training.data.check import seconds_of
    from aat_training.data.fbank import fbank_ready_s, kaldi_fbank

    for entry in entries:
        features, seconds = kaldi_fbank(*read_audio(entry), sample_rate, mels), seconds_of(entry)
        ready = np.array([fbank_ready_s(frame) for frame in range(len(features))])
        yield Speech(entry.id, seconds, features, ready.clip(max=seconds), entry.speech_end)


def _log_mel(entries: Sequence[Entry], mels: int, sample_rate: int) -> Iterator[Speech]:
    from aat_training.data.audio import audio_blocks
    from aat_training.data.check import seconds_of
    from aat_training.data.features import FeatureConfig, log_mel_of

    config = validated(FeatureConfig, {"n_mels": mels, "sample_rate": sample_rate}, "features")
    for entry in entries:
        with audio_blocks(entry) as (blocks, rate):
            features = log_mel_of(blocks, rate, config)
        ready = np.array([config.frame_ready_s(frame) for frame in range(len(features))])
        yield Speech(entry.id, seconds_of(entry), features, ready, entry.speech_end)
