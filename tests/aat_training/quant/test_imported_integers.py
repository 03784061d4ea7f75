"""A float recogniser that is exported and imported becomes, by the same ranges, the integers of its own naive road."""

from collections.abc import Mapping

import numpy as np
import pytest

from aat_training.export import constants_of
from aat_training.quant.calibration import REACH
from nnasim.ir.trace import Utterance
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.histogram import Histogram
from tests.workloads.stepgraph.recogniser import links, recogniser_graphs
from workloads.stepgraph.integers.calibration import Calibration
from workloads.stepgraph.lowering.lowering import to_trace

GRAPHS = ("encoder", "encoder_top", "prediction", "joint")
UTTERANCE = Utterance(id="u", audio_seconds=1, arrivals=(1.0,), call_graphs=GRAPHS, call_frames=(0,) * len(GRAPHS))


def calibration(histograms: Mapping[str, np.ndarray], bits: int) -> Calibration:
    """What the training counted, under the names of the graphs' values."""
    named = {"features": "x", "embedding": "embedding.out", "joint": "z"}
    counted = {named.get(site, site): Histogram(counts, REACH) for site, counts in histograms.items()}
    if bits == 16:  # the native road takes features within 16 then, whatever they were
        counted["x"] = Histogram.of(np.array([-15.999, 15.999]), REACH)
    return Calibration({**counted, "logits": counted["z"]}, "mse", 1, "training")


def our_name(name: str) -> str:
    """What this package's own export calls an imported constant."""
    own = name.partition("/")[2].replace(".mm.w", ".w")
    return "enc.quantise.rescale" if own == "x.quantise.rescale" else own


@pytest.mark.parametrize(
    "numerics",
    [
        {},
        {"activation": "lut16", "cell_bits": 16},
        {"activation": "pwl"},
        {"weight_bits": 4, "per_channel": False},
        {"activation_bits": 16, "accumulator_bits": 48, "activation": "lut16"},
        {"multiplier_bits": 31, "rounding": "double"},
    ],
    ids=str,
)
def test_the_integers_are_those_of_the_native_road(on_chip, float_model, histograms, numerics) -> None:
    config = NumericsConfig.model_validate(numerics)
    native = constants_of(on_chip(config))
    shape = float_model.shape
    graphs = recogniser_graphs(shape, {name: value.numpy() for name, value in float_model.state_dict().items()})
    calibrations = dict.fromkeys(GRAPHS, calibration(histograms, config.activation_bits))
    imported = to_trace(graphs, [UTTERANCE], config, links=links(shape), calibration=calibrations)
    assert imported.constants is not None
    ours = {our_name(name): values for name, values in imported.constants.items()}
    assert ours.keys() == native.keys()
    differing = [name for name, values in native.items() if not np.array_equal(values, ours[name])]
    assert not differing
