"""Calibration: histograms of what a float model does on training data, and the ranges chosen from them.

Histograms travel in the float checkpoint, so that any chip's formats can be calibrated later without training data.
How a range is chosen from one, by ``max``, ``percentile`` or ``mse``, stands in ``nnasim.numerics.histogram``.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from aat_training.data.batches import Batch
from aat_training.devices import numpy_of
from aat_training.model.arithmetic import Model
from aat_training.model.float_arithmetic import FloatArithmetic
from aat_training.model.layer import LayerState, LinearLayer, RecurrentLayer, over_time
from aat_training.model.rnnt import Rnnt
from aat_training.quant.scheme import QuantScheme
from nnasim.errors import CheckpointError
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import GATE_FRAC
from nnasim.numerics.histogram import BINS, Histogram, Method
from nnasim.numerics.layers import Ranges, cell_scale

WHOLE_SITES = "features", "embedding", "joint"
LAYER_SITES = "sigmoid", "tanh", "cell"  # as ``RecurrentLayer.observed`` names them
REACH = 16.0  # bins of 1/64 over [-16, 16); what lies beyond counts in the outermost


def histogram(values: Tensor) -> np.ndarray:
    """Counts of real values per bin, int64 (BINS,); values beyond +-``REACH`` count in the outermost bins."""
    index = ((values.double() + REACH) * (BINS / (2 * REACH))).floor().clamp(0, BINS - 1).long()
    return numpy_of(torch.bincount(index.flatten(), minlength=BINS))


class RecordingArithmetic:
    """Float arithmetic, step by step, that counts every value a chip would have to represent."""

    looks_ahead = False

    def __init__(self) -> None:
        self.counts: dict[str, np.ndarray] = {}
        self.valid: Tensor | None = None

    def _count(self, site: str, values: Tensor) -> None:
        self.counts[site] = self.counts.get(site, 0) + histogram(values)

    def disturbance(self, device: torch.device) -> float:
        """As that of float."""
        return FloatArithmetic().disturbance(device)

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
    """Histograms of a float model over teacher-forced batches, by name: int32 (BINS,) each.

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


def calibrate(
    histograms: dict[str, np.ndarray], numerics: NumericsConfig, method: Method, source: object
) -> QuantScheme:
    """Ranges for ``numerics`` from a checkpoint's histograms. Raises CheckpointError unless they are whole."""
    layers = _layers_counted(histograms, source)
    counted = {site: Histogram(counts, REACH) for site, counts in histograms.items()}
    gate, bits = 2.0**-GATE_FRAC, numerics.activation_bits
    ranges = {}
    for layer in layers:
        sigmoid, tanh, cells = (counted[f"{layer}.{part}"] for part in ("sigmoid", "tanh", "cell"))
        cell = numerics.cell_range or (cells.range(method, 8) if numerics.cell_bits == 8 else 16.0)
        step = cell_scale(numerics, cell)
        ranges[layer] = Ranges(
            sigmoid=sigmoid.table_range(method, "sigmoid", numerics, gate, 16),
            tanh=tanh.table_range(method, "tanh", numerics, gate, 16),
            tanh_c=cells.table_range(method, "tanh", numerics, step, numerics.cell_bits),
            cell=cell,
        )
    return QuantScheme(
        numerics=numerics,
        input_range=counted["features"].range(method, bits) if bits == 8 else REACH,
        embedding_range=counted["embedding"].range("max", bits),
        layers=ranges,
        joint_range=counted["joint"].table_range(method, "tanh", numerics, gate, 16),
        method=method,
    ).with_tables()


def _layers_counted(histograms: dict[str, np.ndarray], source: object) -> list[str]:
    """The LSTM layers whose values ``histograms`` counts. Raises CheckpointError for one that is missing, unknown, or
    does not count.
    """
    layers = sorted({layer for site in histograms if (layer := site.rpartition(".")[0])})
    expected = [*WHOLE_SITES, *(f"{layer}.{site}" for layer in layers for site in LAYER_SITES)]
    for site in expected:
        counts = histograms.get(site)
        if counts is None or counts.shape != (BINS,):
            raise CheckpointError(source, f"calibration.{site}", None, f"is missing or has not {BINS} bins")
        if counts.dtype not in (np.int32, np.int64):
            raise CheckpointError(source, f"calibration.{site}", str(counts.dtype), "must be int32: it counts values")
        if counts.min() < 0 or not counts.any():
            why = "must be counts of at least 0, and one of them more"
            raise CheckpointError(source, f"calibration.{site}", int(counts.min()), why)
    for site in histograms:
        if site not in expected:
            raise CheckpointError(source, f"calibration.{site}", histograms[site].shape, "is unknown")
    return layers
