"""Calibration: histograms of what a float model does on training data, and the ranges chosen from them.

Histograms travel in the float checkpoint, so that any chip's formats can be calibrated later without training data.
Three methods, all honest baselines: ``max``, ``percentile`` (99.9 % of the values inside), and ``mse``: the range with
the smallest mean-square error of what the chip's own unit puts out, weighted by how often each input occurred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from aat_training.data.batches import Batch
from aat_training.model.arithmetic import Model
from aat_training.model.layer import LayerState, LinearLayer, RecurrentLayer, over_time
from aat_training.model.rnnt import Rnnt
from aat_training.quant.scheme import QuantScheme
from nnasim.errors import CheckpointError
from nnasim.numerics.activation import Function, build_unit, unit_kind
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import GATE_FRAC
from nnasim.numerics.layers import Ranges, cell_scale
from nnasim.numerics.tables import real_function

Method = Literal["mse", "percentile", "max"]
METHODS: tuple[Method, ...] = ("mse", "percentile", "max")
BINS, REACH = 2048, 16.0  # bins of 1/64 over [-16, 16); what lies beyond counts in the outermost
CANDIDATES = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 16.0)
PERCENTILE = 99.9
# Errors are averaged over several points of a bin. One point would meet the grid of a power-of-two range always at the
# same place, at its ties, and make that range look worse than it is.
POINTS_PER_BIN = 16
POINTS = (np.arange(BINS * POINTS_PER_BIN) + 0.5) * (2 * REACH / BINS / POINTS_PER_BIN) - REACH


def histogram(values: Tensor) -> np.ndarray:
    """Counts (BINS,) int64 of real values."""
    index = ((values.double() + REACH) * (BINS / (2 * REACH))).floor().clamp(0, BINS - 1).long()
    return torch.bincount(index.flatten(), minlength=BINS).numpy()


class RecordingArithmetic:
    """Float arithmetic, step by step, that counts every value a chip would have to represent."""

    def __init__(self) -> None:
        self.counts: dict[str, np.ndarray] = {}
        self.valid: Tensor | None = None

    def _count(self, site: str, values: Tensor) -> None:
        self.counts[site] = self.counts.get(site, 0) + histogram(values)

    def quantise_input(self, x: Tensor) -> Tensor:
        """Counts the normalised features."""
        self._count("features", x)
        return x

    def embed(self, model: Model, tokens: Tensor) -> Tensor:
        """Counts the embedding's entries."""
        rows = model.embedding(tokens)
        self._count("embedding", rows)
        return rows

    def recurrent(
        self, model: Model, layer: RecurrentLayer, x: Tensor, state: LayerState | None
    ) -> tuple[Tensor, LayerState]:
        """Counts what the layer says it would hold on a chip, in every step."""
        w_ih, w_hh, bias, *_ = layer.parameters
        steps: list[dict[str, Tensor]] = []

        def step(x_share: Tensor, state: LayerState) -> LayerState:
            h_product = state[0] @ w_hh.T
            state = layer.next_state(x_share, h_product, state)
            steps.append(layer.observed(x_share, h_product, state))
            return state

        out = over_time(layer.input_share(x @ w_ih.T + bias), state or layer.start(x), step)
        for site in steps[0]:
            self._count(f"{layer.name}.{site}", torch.stack([values[site] for values in steps]))
        return out

    def project(self, model: Model, layer: LinearLayer, x: Tensor) -> Tensor:
        """A float projection."""
        return layer.module(x)

    def joint(self, model: Model, enc: Tensor, pred: Tensor) -> Tensor:
        """Counts the input of the joint's tanh."""
        self._count("joint", enc + pred)
        return model.output(torch.tanh(enc + pred))

    def real_activation(self, x: Tensor) -> Tensor:
        """Already real."""
        return x


@torch.no_grad()
def record(model: Rnnt, batches: Iterable[Batch]) -> dict[str, np.ndarray]:
    """Histograms of a float model over teacher-forced batches, as float32-safe int32 arrays (BINS,).

    Utterances go through one by one, so that padding is not counted.
    """
    recorder, own = RecordingArithmetic(), model.arithmetic
    model.arithmetic = recorder
    try:
        for batch in batches:
            for row in range(batch.x_TBF.shape[1]):
                _record_utterance(model, batch, row)
    finally:
        model.arithmetic = own
    return {f"calibration.{site}": count.astype(np.int32) for site, count in recorder.counts.items()}


def _record_utterance(model: Rnnt, batch: Batch, row: int) -> None:
    length, symbols = int(batch.lengths[row]), int(batch.token_lengths[row])
    x = batch.x_TBF[: length * model.shape.reduction, row : row + 1]
    encoded, _ = model.encode(x)
    tokens = torch.nn.functional.pad(batch.tokens_BU[row, :symbols], (1, 0))[:, None]
    predicted, _ = model.predict(tokens)
    enc, pred = model.project_encoder(encoded)[:, 0], model.project_prediction(predicted)[:, 0]
    model.logits(enc[:, None], pred[None])


def _percentile(counts: np.ndarray, percent: float) -> float:
    """Smallest magnitude that covers ``percent`` of the counted values."""
    half = BINS // 2
    by_size = counts[half:] + counts[:half][::-1]
    share = np.cumsum(by_size) / max(1, by_size.sum())
    return float((np.searchsorted(share, percent / 100) + 1) * (REACH / half))


def _lowest_error(counts: np.ndarray, error: Callable[[float], np.ndarray]) -> float:
    costs = [
        float(np.dot(counts, (error(candidate) ** 2).reshape(BINS, POINTS_PER_BIN).mean(1))) for candidate in CANDIDATES
    ]
    return CANDIDATES[int(np.argmin(costs))]


def _value_range(counts: np.ndarray, method: Method, bits: int) -> float:
    """Range of a plainly quantised value."""
    if method != "mse":
        return _percentile(counts, 100.0 if method == "max" else PERCENTILE)

    def error(limit: float) -> np.ndarray:
        step = limit / (1 << (bits - 1))
        top = (1 << (bits - 1)) - 1
        return np.clip(np.floor(POINTS / step + 0.5), -top - 1, top) * step - POINTS

    return _lowest_error(counts, error)


def _table_range(
    counts: np.ndarray, method: Method, function: Function, numerics: NumericsConfig, in_step: float, in_bits: int
) -> float:
    """Input range of a table: what the chip's own unit puts out is compared with the real function."""
    kind = unit_kind(numerics.activation)
    if not kind.is_calibrated:
        return kind.fixed_range
    if numerics.activation_range is not None:
        return numerics.activation_range
    if method != "mse":
        return max(0.25, _percentile(counts, 100.0 if method == "max" else PERCENTILE))
    top = (1 << (in_bits - 1)) - 1
    integers = np.clip(np.floor(POINTS / in_step + 0.5), -top - 1, top).astype(np.int64)

    def error(limit: float) -> np.ndarray:
        unit = build_unit(function, numerics, in_scale=in_step, table_range=limit)
        return unit(integers) * 2.0**-unit.output_frac - real_function(function, POINTS)

    return _lowest_error(counts, error)


def calibrate(
    histograms: dict[str, np.ndarray], numerics: NumericsConfig, method: Method, source: object
) -> QuantScheme:
    """Ranges for ``numerics`` from a checkpoint's histograms. Raises CheckpointError where one is missing."""
    for site in ("features", "embedding", "joint"):
        if site not in histograms or histograms[site].shape != (BINS,):
            raise CheckpointError(source, f"calibration.{site}", None, f"is missing or has not {BINS} bins")
    layers = sorted(name[: -len(".cell")] for name in histograms if name.endswith(".cell"))
    gate, bits = 2.0**-GATE_FRAC, numerics.activation_bits
    ranges = {}
    for layer in layers:
        counts = {part: histograms[f"{layer}.{part}"] for part in ("sigmoid", "tanh", "cell")}
        cell = numerics.cell_range or (_value_range(counts["cell"], method, 8) if numerics.cell_bits == 8 else 16.0)
        step = cell_scale(numerics, cell)
        ranges[layer] = Ranges(
            sigmoid=_table_range(counts["sigmoid"], method, "sigmoid", numerics, gate, 16),
            tanh=_table_range(counts["tanh"], method, "tanh", numerics, gate, 16),
            tanh_c=_table_range(counts["cell"], method, "tanh", numerics, step, numerics.cell_bits),
            cell=cell,
        )
    return QuantScheme(
        numerics=numerics,
        input_range=_value_range(histograms["features"], method, bits) if bits == 8 else REACH,
        embedding_range=_value_range(histograms["embedding"], "max", bits),
        layers=ranges,
        joint_range=_table_range(histograms["joint"], method, "tanh", numerics, gate, 16),
        method=method,
    ).with_tables()
