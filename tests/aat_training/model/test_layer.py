"""A kind of recurrent layer that nnasim does not have goes through every arithmetic that asks the layer what it is."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from aat_training.model.float_arithmetic import FloatArithmetic
from aat_training.model.layer import over_time
from aat_training.quant.calibration import RecordingArithmetic
from aat_training.quant.dynamic_arithmetic import DynamicArithmetic
from tests.aat_training.model.gru_layer import GruLayer


@pytest.fixture
def gru() -> GruLayer:
    torch.manual_seed(4)
    module = nn.GRU(6, 8)
    module.bias_hh_l0.data.zero_()
    return GruLayer("enc0", module)


X_TBI = torch.randn(5, 2, 6, generator=torch.Generator().manual_seed(5))


def run(arithmetic, layer, x=X_TBI, state=None, *, training=False):
    with torch.set_grad_enabled(training):
        return arithmetic.recurrent(nn.Module().train(training), layer, x, state)


def test_float_decodes_what_it_trains(gru) -> None:
    (decoded, last), (trained, _) = (run(FloatArithmetic(), gru, training=training) for training in (False, True))
    assert torch.allclose(decoded, trained, atol=1e-6)
    assert torch.equal(decoded[-1], last[0])
    trained.sum().backward()
    assert gru.module.weight_hh_l0.grad is not None


def test_int8_on_the_cpu_is_near_it(gru) -> None:
    difference = (run(DynamicArithmetic(), gru)[0] - run(FloatArithmetic(), gru)[0]).abs().max()
    assert 0 < difference < 0.05


def test_calibration_counts_what_the_layer_says(gru) -> None:
    recorder = RecordingArithmetic()
    run(recorder, gru)
    assert {site: int(counts.sum()) for site, counts in recorder.counts.items()} == {
        "enc0.gates": 5 * 2 * 16,
        "enc0.h": 5 * 2 * 8,
    }


@pytest.mark.parametrize("arithmetic", [FloatArithmetic, DynamicArithmetic])
def test_a_stream_in_pieces_is_the_whole(gru, arithmetic) -> None:
    whole, last = run(arithmetic(), gru)
    first, state = run(arithmetic(), gru, X_TBI[:2])
    second, end = run(arithmetic(), gru, X_TBI[2:], state)
    assert torch.equal(torch.cat([first, second]), whole)
    assert torch.equal(end[0], last[0])


def test_no_frames_leave_the_state_as_it_was() -> None:
    state = (torch.ones(2, 8), torch.zeros(2, 8))
    out, after = over_time([], state, lambda frame, state: state)
    assert out.shape == (0, 2, 8)
    assert after is state
