"""One frozen record for everything a training run depends on; recipes return it whole."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aat_training.data.features import FeatureConfig
from aat_training.data.text import Normalisation
from nnasim.records import Flag, Frozen, Integer, Number
from workloads.rnnt.shapes import RnntShape

# What the command line offers, and a recipe may hold. A seed is multiplied by a million and must stay within 64 bits.
MOST_STEPS = 10_000_000
LEAST_RATE, MOST_RATE = 1e-9, 10.0
MOST_SEED = 1_000_000_000
MOST_DELAY_PENALTY = 1.0
MOST_DISTILLATION = 1000.0
MOST_BATCH = 65_536
MOST_ACCUMULATED = 1024
LEAST_CLIP, MOST_CLIP = 1e-6, 1e6
MOST_AVERAGE = 0.999_999
MOST_PATIENCE = 1_000_000
MOST_SHUFFLED_SHARDS = 1024
MOST_WORKERS = 64
MOST_MASKS = 1000
MOST_FRAMES = 100_000
MOST_WEIGHT = 1000.0


class ModelConfig(Frozen):
    """Sizes of the recogniser. ``stack`` feature frames make one input frame of the encoder."""

    stack: Integer = Field(gt=0, le=32)
    encoder_units: Integer = Field(gt=0, le=4096)
    encoder_before: Integer = Field(gt=0, le=16)
    reduction: Integer = Field(gt=0, le=8)
    encoder_after: Integer = Field(ge=0, le=16)
    embedding: Integer = Field(gt=0, le=4096)
    prediction_units: Integer = Field(gt=0, le=4096)
    prediction_layers: Integer = Field(gt=0, le=8)
    joint_units: Integer = Field(gt=0, le=4096)
    layer_norm: Flag = Field(False, description="LSTM layers that normalise both shares of their gates")
    max_symbols: Integer = Field(3, gt=0, le=100, description="symbols that greedy decoding emits per encoder output")

    def shape(self, features: FeatureConfig, outputs: int, name: str) -> RnntShape:
        """The shape a trace is built from."""
        sizes = self.model_dump(exclude={"stack", "max_symbols"})
        return RnntShape(
            name=name,
            input_features=self.stack * features.dimension,
            frame_ms=self.stack * features.frame_period_s * 1e3,
            outputs=outputs,
            **sizes,
        )


class AugmentConfig(Frozen):
    """The changes that training makes to features; dev and test utterances are never changed."""

    time_masks: Integer = Field(0, ge=0, le=MOST_MASKS, description="SpecAugment time masks per utterance")
    time_mask_frames: Integer = Field(0, ge=0, le=MOST_FRAMES, description="longest time mask, feature frames")
    feature_masks: Integer = Field(0, ge=0, le=MOST_MASKS, description="SpecAugment frequency masks per utterance")
    feature_mask_bins: Integer = Field(0, ge=0, le=MOST_FRAMES, description="widest frequency mask, bins")
    noise: Number = Field(
        0.0, ge=0, le=MOST_WEIGHT, description="standard deviation of Gaussian noise on normalised features"
    )
    noise_floor: Flag = Field(False, description="add noise power below the speech in the log-mel domain")
    channel: Number = Field(
        0.0, ge=0, le=MOST_WEIGHT, description="standard deviation of a constant offset per utterance and bin"
    )
    stretch: Number = Field(0.0, ge=0, lt=1, description="time axis stretched by up to this share, either way")
    warp: Number = Field(0.0, ge=0, lt=0.5, description="frequency axis scaled by up to this share, either way")
    joined: Number = Field(0.0, ge=0, le=1, description="share of utterances joined to another one")
    edges: Number = Field(
        0.0, ge=0, le=1, description="share of utterances' ends that lose their own silence for other"
    )
    silence_frames: Integer = Field(
        0, ge=0, le=MOST_FRAMES, description="the longest of it, feature frames; half of these ends get none"
    )


class TrainConfig(Frozen):
    """The schedule of one training run. ``steps`` optimiser steps, each on the gradient of ``batch * accumulate``
    utterances.
    """

    steps: Integer = Field(gt=0, le=MOST_STEPS)
    batch: Integer = Field(gt=0, le=MOST_BATCH)
    accumulate: Integer = Field(1, gt=0, le=MOST_ACCUMULATED, description="batches whose gradients make one step")
    learning_rate: Number = Field(ge=LEAST_RATE, le=MOST_RATE)
    warmup: Number = Field(0.15, gt=0, lt=1, description="share of the one-cycle schedule that rises")
    weight_decay: Number = Field(1e-4, ge=0, le=MOST_WEIGHT)
    clip: Number = Field(5.0, ge=LEAST_CLIP, le=MOST_CLIP, description="largest gradient norm")
    ctc_weight: Number = Field(0.3, ge=0, le=MOST_WEIGHT, description="weight of the auxiliary CTC loss on the encoder")
    delay_penalty: Number = Field(
        0.0, ge=0, le=MOST_DELAY_PENALTY, description="nats that a symbol loses for each encoder output it leaves later"
    )
    distillation: Number = Field(
        0.0, ge=0, le=MOST_DISTILLATION,
        description="weight of the encoder's distance from the float model that training starts from",
    )  # fmt: skip
    dropout: Number = Field(0.1, ge=0, lt=1, description="between encoder layers")
    dropout_until: Number = Field(1.0, gt=0, le=1, description="share of the steps with dropout; the rest has none")
    token_dropout: Number = Field(0.1, ge=0, lt=1, description="share of the prediction network's inputs left out")
    curriculum: Integer = Field(
        0, ge=0, le=MOST_STEPS, description="steps during which the longest utterance allowed grows to all"
    )
    flat_start: Integer = Field(
        0, ge=0, le=MOST_STEPS, description="steps during which an alignment by loudness is trained too"
    )
    average: Number = Field(
        0.0, ge=0, le=MOST_AVERAGE, description="decay of the average of weights that is evaluated; 0: none"
    )
    evaluate_every: Integer = Field(gt=0, le=MOST_STEPS, description="steps between dev evaluations")
    patience: Integer = Field(
        0,
        ge=0,
        le=MOST_PATIENCE,
        description="dev evaluations in a row without a lower WER that end the run; 0: none",
    )
    shuffle_shards: Integer = Field(
        16, gt=0, le=MOST_SHUFFLED_SHARDS, description="shards whose utterances are shuffled among each other"
    )
    seed: Integer = Field(0, ge=0, le=MOST_SEED)
    augment: AugmentConfig = AugmentConfig()  # type: ignore[call-arg]

    @property
    def utterances(self) -> int:
        """Utterances whose gradient one step follows."""
        return self.batch * self.accumulate


class Recipe(Frozen):
    """A full training configuration: features, text, tokens, model, the float run and the fine-tuning run."""

    name: str
    features: FeatureConfig
    text: Normalisation = Field("english", description="what is done to a manifest's text, in training and scoring")
    tokens: Literal["word", "subword"] = "word"
    subwords: Integer = Field(64, gt=2, le=10_000, description="size of the sentencepiece vocabulary")
    model: ModelConfig
    float_run: TrainConfig
    aat_run: TrainConfig
