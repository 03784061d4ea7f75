"""The graphs that decoding calls do together what the host does between a transducer's own."""

import numpy as np
import pytest

from tests.workloads.stepgraph.small import decoder, encoder, joiner
from workloads.stepgraph.decoding.decoding_graphs import HISTORY, NEW_SYMBOL, SYMBOL, decoding_graphs, decoding_links
from workloads.stepgraph.decoding.greedy import Decoder
from workloads.stepgraph.decoding.transducer import Transducer, transducer
from workloads.stepgraph.run import FloatRun, initial_states


def symbols(model: Transducer, calls: list[np.ndarray]) -> list[list[int]]:
    """Greedy decoding by the graphs and links alone."""
    graphs, links = decoding_graphs(model), decoding_links(model)
    runs = {name: FloatRun(graph) for name, graph in graphs.items()}
    held = {(name, key): value for name, graph in graphs.items() for key, value in initial_states(graph).items()}
    held |= {key: np.zeros(graphs[key[0]].inputs[key[1]].shape, graphs[key[0]].inputs[key[1]].dtype)
             for link in links for key in link if key[1] in graphs[key[0]].inputs}  # fmt: skip

    def call(name: str, **heard: np.ndarray) -> None:
        graph = graphs[name]
        inputs = {key: heard.get(key, held.get((name, key))) for key in graph.inputs}
        outputs = runs[name](inputs)
        held.update({(name, state.input): outputs[state.output] for state in graph.states})
        for link in links:
            for made in (key for key in link if key[0] == name and key[1] in outputs):
                for graph_name, value in (key for key in link if key[1] in graphs[key[0]].inputs):
                    spec = graphs[graph_name].inputs[value]
                    held[graph_name, value] = outputs[made[1]].reshape(spec.shape).astype(spec.dtype)

    emitted = []
    call("decoder")
    for x in calls:
        call("encoder", x=x)
        for row in model.row_graphs() or ("",):
            if row:
                call(row)
            emitted.append([])
            for _ in range(10):
                call("joiner")
                symbol = int(runs["joiner"].values[SYMBOL].reshape(()))
                if symbol == model.blank:
                    break
                emitted[-1].append(symbol)
                call("decoder")
    return emitted


@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize("context", [1, 2])
def test_they_decode_what_the_decoder_decodes(rows: int, context: int) -> None:
    model = transducer(encoder(rows=rows), decoder(context=context), joiner())
    generator = np.random.default_rng(rows)
    calls = [generator.uniform(0, 1.2, size=(1, 4, 3)).astype(np.float32) for _ in range(6)]
    expected = list(Decoder(model).decode(calls))
    assert any(expected)
    assert symbols(model, calls) == expected


def test_a_decoder_that_looks_back_keeps_its_symbols_itself() -> None:
    graph = decoding_graphs(transducer(encoder(), decoder(context=3), joiner(), blank=1))["decoder"]
    assert graph.audio == (NEW_SYMBOL,)
    (state,) = graph.states
    assert (state.input, state.output) == (HISTORY, "y")
    np.testing.assert_array_equal(initial_states(graph)[HISTORY], [[1, 1, 1]])
    assert decoding_graphs(transducer(encoder(), decoder(context=1), joiner()))["decoder"].audio == ("y",)
