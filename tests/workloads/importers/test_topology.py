"""SCALE-Sim's lists of layers: both formats, with what its own tool makes of them; what cannot be timed is refused."""

from pathlib import Path

import pytest

from nnasim.errors import NnasimError
from workloads.importers.topology import ConvLayer, Layer, ProductLayer, read_topology

CONV = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"


def layers(folder: Path, *lines: str) -> tuple[Layer, ...]:
    path = folder / "layers.csv"
    path.write_text("\n".join(lines) + "\n")
    return read_topology(path)


def test_matrix_products_are_read_with_and_without_commas_at_the_end(tmp_path: Path) -> None:
    expected = (ProductLayer("a", rows=1, channels=4096, depth=1024), ProductLayer("b", rows=2, channels=3, depth=4))
    for lines in (
        ["Layer, M, N, K,", "a, 1, 4096, 1024,", "b, 2, 3, 4,"],
        ["Layer,M,N,K", "a,1,4096,1024", "b,2,3,4"],
        ["Layer, M, N, K", "a, 1, 4096, 1024,", "", "b, 2, 3, 4,"],
        ["Layer name,m,n,k,Sparsity,", "a,1,4096,1024,1:1,", "b,2,3,4,"],
    ):
        assert layers(tmp_path, *lines) == expected
    assert expected[0].macs == 4096 * 1024


def test_a_convolution_has_the_outputs_and_macs_of_the_tool(tmp_path: Path) -> None:
    (first, pointwise) = layers(tmp_path, CONV, "Conv1,224,224,11,11,3,96,4,", "Conv2,27,27,1,1,96,256,1,")
    assert first == ConvLayer("Conv1", size=(224, 224), kernel=(11, 11), inputs=3, channels=96, stride=(4, 4))
    assert first.out == (55, 55)  # its last stride is not whole
    assert first.macs == 55 * 55 * 11 * 11 * 3 * 96
    assert pointwise.macs == 27 * 27 * 96 * 256


def test_strides_may_differ_and_dp_in_a_name_means_filters_for_each_channel(tmp_path: Path) -> None:
    header = CONV.replace("Strides", "Stride height, Stride width").replace("Num Filter", "Num Filters")
    (layer,) = layers(tmp_path, header, "Conv_DP1, 20, 12, 3, 4, 16, 1, 2, 1,")
    assert layer == ConvLayer(
        "Conv_DP1", size=(20, 12), kernel=(3, 4), inputs=16, channels=16, stride=(2, 1), groups=16
    )
    assert layer.macs == 16 * (10 * 9) * 12


def test_layers_of_one_name_are_told_apart(tmp_path: Path) -> None:
    named = layers(tmp_path, "Layer,M,N,K", "ff,1,2,3", "out,1,2,3", "ff,1,2,3")
    assert [layer.name for layer in named] == ["ff.1", "out", "ff.2"]
    named = layers(tmp_path, "Layer,M,N,K", "ff,1,2,3", "ff.1,1,2,3", "ff,1,2,3")
    assert [layer.name for layer in named] == ["ff.2", "ff.1", "ff.3"]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["Layer,M,N", "a,1,2"], "line 1: header = 'Layer,M,N': must be Layer, M, N, K or Layer name, IFMAP Height"),
        (["Layer,M,N,K,Batch", "a,1,2,3,4"], "line 1: header"),
        (["M,N,K,Layer", "1,2,3,a"], "line 1: header"),
        (["Layer,M,N,K", "a,1,2"], "line 2: K = '': must not be empty"),
        (["Layer,M,N,K", "a,1,2,3,4"], "line 2: cells = 5: the header has 4 columns"),
        (["Layer,M,N,K", "a,1,0,3"], "line 2: N = '0': must be a number in 1 .. 1,048,576"),
        (["Layer,M,N,K", "a,1,2.5,3"], "line 2: N = '2.5': must be a whole number"),
        (["Layer,M,N,K", ",1,2,3"], "line 2: Layer = '': must not be empty"),
        (["Layer,M,N,K,Sparsity", "a,1,2,3,2:4"], "line 2: Sparsity = '2:4': sparse weights cannot be timed"),
        ([CONV, "a,8,8,9,3,1,1,1,"], "line 2: Filter Height = '9': must be at most the input's 8"),
        ([CONV, "AlphaGoZero,"], "line 2: IFMAP Height = '': must not be empty"),
        (["Layer,M,N,K", "a,1048576,1048576,1048576"], "has more multiply-accumulates than any chip does"),
        (["Layer,M,N,K"], "holds no rows under a header"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_column(tmp_path: Path, lines: list[str], why: str) -> None:
    with pytest.raises(NnasimError) as caught:
        layers(tmp_path, *lines)
    assert why in str(caught.value)
    assert "layers.csv" in str(caught.value)
