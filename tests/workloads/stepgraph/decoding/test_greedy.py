"""Greedy decoding in float: the calls are those that decoding made; what does not fit together is refused by name."""

from dataclasses import replace

import numpy as np
import pytest

from nnasim.errors import InputError
from tests.workloads.stepgraph.small import decoder, encoder, joiner
from workloads.stepgraph.decoding.greedy import Speech, greedy
from workloads.stepgraph.decoding.transducer import transducer
from workloads.stepgraph.graph import StepGraph, Tensor
from workloads.stepgraph.refusals import RefusedModelError


def speech(rows: list[list[float]]) -> Speech:
    features = np.array(rows, np.float32)
    return Speech("u", len(rows) / 100, features, (np.arange(len(rows)) + 1) / 100, speech_end=0.05)


def test_the_calls_are_those_that_decoding_made() -> None:
    model = transducer(encoder(), decoder(), joiner())
    # A row says its largest symbol until that stands no more above the blank, which is symbol 0.
    rows = [[1, 0, 0], [0, 0.5, 0], [9, 9, 9], [9, 9, 9], [0, 0, 0.5], [0, 0, 0]]
    calls = greedy(model, [speech(rows)], shift=2)
    (utterance,) = calls.utterances
    assert utterance.call_graphs == (
        "decoder",
        "encoder", "row.0", "joiner", "row.1", "joiner", "decoder", "joiner",
        "encoder", "row.0", "joiner", "row.1", "joiner",
    )  # fmt: skip
    assert utterance.emissions == (0,)
    assert utterance.arrivals == (0.04, 0.06)
    assert utterance.speech_end == 0.05
    assert calls.method == "greedy decoding with float kernels: 1 utterance of speech, 1 symbol"


def test_a_symbol_that_never_gives_way_ends_at_the_limit() -> None:
    model = transducer(encoder(rows=1), decoder(), joiner())
    calls = greedy(model, [speech([[0, 5, 0]] * 4)], max_symbols=3)
    assert calls.utterances[0].call_graphs.count("joiner") == 4
    assert calls.utterances[0].call_graphs.count("decoder") == 4


def test_every_value_of_every_call_is_seen() -> None:
    seen: list[str] = []
    greedy(
        transducer(encoder(), decoder(), joiner()),
        [speech([[1, 0, 0]] * 4)],
        see=lambda graph, run: seen.append(f"{graph} {'logit' in run.values}"),
    )
    assert seen == ["decoder False", "encoder False", "row.0 False", "joiner True", "row.1 False", "joiner True"]


def test_an_encoder_that_takes_channels_first_hears_the_same() -> None:
    by_channel = encoder(frames=3, rows=4, size=4)
    by_channel = replace(by_channel, inputs={"x": Tensor((1, 3, 4))})
    heard = []
    model = transducer(
        replace(by_channel, nodes=(), values={}, outputs=("x",), constants={}), decoder(), joiner_of("x")
    )
    greedy(model, [speech([[0, 1, 2]] * 4)], see=lambda graph, run: heard.append((graph, dict(run.values))))
    np.testing.assert_array_equal(dict(heard)["encoder"]["x"][0], np.array([[0.0] * 4, [1.0] * 4, [2.0] * 4]))
    assert model.row_axis == 2


def joiner_of(name: str) -> StepGraph:
    plain = joiner()
    return replace(
        plain,
        nodes=tuple(replace(node, inputs=(name, "decoder_out")) for node in plain.nodes),
        inputs={name: plain.inputs["encoder_out"], "decoder_out": plain.inputs["decoder_out"]},
    )


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([[1.0] * 5] * 4, "size = 5: must divide the input of one call of the encoder, [1, 4, 3]"),
        ([[1.0, 0.0, 0.0]] * 3, "frames = 3: must be at least the 4 that one call of the encoder takes"),
    ],
)
def test_speech_that_the_encoder_cannot_hear_is_refused(rows: list[list[float]], why: str) -> None:
    with pytest.raises(InputError) as caught:
        greedy(transducer(encoder(), decoder(), joiner()), [speech(rows)])
    assert why in str(caught.value)


def test_inputs_of_the_joiner_are_found_by_name() -> None:
    plain = joiner()
    renamed = replace(
        plain,
        inputs={"enc": Tensor((1, 3)), "pred": Tensor((1, 3))},
        nodes=tuple(replace(node, inputs=("enc", "pred")) for node in plain.nodes),
    )
    model = transducer(encoder(), decoder(), renamed)
    assert (model.joins_encoded, model.joins_decoded) == ("enc", "pred")


def test_what_does_not_fit_together_is_refused_all_at_once() -> None:
    plain = joiner()
    unnamed = replace(
        plain,
        inputs={"a": Tensor((1, 3)), "b": Tensor((1, 3))},
        nodes=tuple(replace(node, inputs=("a", "b")) for node in plain.nodes),
    )
    two_inputs = replace(encoder(), inputs={"x": Tensor((1, 4, 3)), "x_lens": Tensor((1,), "int64")})
    with pytest.raises(RefusedModelError) as caught:
        transducer(two_inputs, decoder(), unnamed)
    text = str(caught.value)
    assert "encoder (transducer): must have one input beside its states, and has x, x_lens" in text
    assert "has no input encoder_out of the encoder" in text
    assert "its inputs are a, b: call one of them decoder_out" in text
    with pytest.raises(RefusedModelError, match="no rows of the joiner's"):
        transducer(encoder(size=4), decoder(), joiner())
    with pytest.raises(RefusedModelError, match="and the joiner takes"):
        transducer(encoder(), decoder(size=4), joiner())
    with pytest.raises(RefusedModelError, match="is not one of the joiner's 3 symbols"):
        transducer(encoder(), decoder(), joiner(), blank=3)
