"""Tables of NVDLA's full configuration: names become engines, columns become runs, the measured ones are met."""

import pytest

from nnasim.errors import InputError
from nnasim.sim.nvdla.output_path import Engine, OutputPath
from tests.outside import outside
from workloads.importers.measured_table import MeasuredRow, read_measured_table
from workloads.validation.nvdla_names import fused_path, pass_path
from workloads.validation.tables import summary, validate_table

HARDWARE = "design,atomC,atomK,bus_bytes,outputs_per_cycle,buffer_bytes"
MEMORY = "read_latency,cycles_per_read_beat,max_outstanding_reads,write_latency"
FULL = "x,32,8,8,2,131072"
PASSES = f"{HARDWARE},op,layout,N,{MEMORY},total_cycles\n"
FUSED = f"{HARDWARE},variant,M,K,N,{MEMORY},total_cycles\n"
LSTM = f"{HARDWARE},chain,host_mode,I,H,{MEMORY},step1_cycles\n"
LAYERS = (
    f"{HARDWARE},chain,host_mode,I,H,read_latency,cycles_per_read_beat,write_latency,step,layer_index,layer,"
    "enable_to_interrupt_cycles\n"
)


@pytest.fixture
def validated(tmp_path):
    def run(text):
        (tmp_path / "table.csv").write_text(text)
        return validate_table(read_measured_table(tmp_path / "table.csv"))

    return run


def named(text: str, read=pass_path) -> OutputPath:
    return read(MeasuredRow("t.csv", 2, {"op": text}), "op")


def operand(**work: bool) -> Engine:
    return Engine(operand_bytes=sum(work.values()), **work)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("copy", OutputPath()),
        ("lut_gelu_257_entries", OutputPath(table=True)),
        ("prelu_bn", OutputPath(bn=operand(multiply=True))),
        ("mul_ew_add_ew", OutputPath(ew=operand(add=True, multiply=True))),
        ("mul_bs_add_bn", OutputPath(bs=operand(multiply=True), bn=operand(add=True))),
        ("max_bn", OutputPath(bn=operand(add=True))),
        ("add_ew_lut_sigmoid", OutputPath(ew=operand(add=True), table=True)),
        ("lut_tanh_mul_bs", OutputPath(bs=operand(multiply=True), table=True)),
        ("relu", OutputPath(bs=Engine(relu=True))),
    ],
)
def test_the_name_of_a_pass_says_which_engines_it_uses(name, path) -> None:
    assert named(name) == path


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("plain", OutputPath()),
        ("bias", OutputPath(bs=Engine(add=True, operand_bytes=2))),
        ("scale_layer", OutputPath(bs=Engine(multiply=True))),
        ("bias_scale_layer_relu", OutputPath(bs=Engine(add=True, multiply=True, relu=True, operand_bytes=2))),
        (
            "bias_scale_channel_addmem_lut_tanh",
            OutputPath(
                bs=Engine(add=True, multiply=True, operand_bytes=4), ew=Engine(add=True, operand_bytes=1), table=True
            ),
        ),
        ("lut_mulmem", OutputPath(ew=Engine(multiply=True, operand_bytes=1), table=True)),
    ],
)
def test_the_name_of_a_variant_says_what_is_behind_the_product(name, path) -> None:
    assert named(name, fused_path) == path


@pytest.mark.parametrize("name", ["add", "add_xx", "pool", "add_bs_add_bs", "copy_add_bs", "lut_lut", "add_bs_"])
def test_a_pass_that_nobody_knows_is_refused_with_what_is_known(name) -> None:
    with pytest.raises(InputError, match=rf"line 2: op = '{name}': must be copy, or of add_E"):
        named(name)


@pytest.mark.parametrize("name", ["scale", "bias_bias", "plain_bias", "addmem_mulmen"])
def test_a_variant_that_nobody_knows_is_refused_with_what_is_known(name) -> None:
    with pytest.raises(InputError, match=rf"line 2: op = '{name}': must be plain, or of bias"):
        named(name, fused_path)


def test_each_of_the_four_tables_is_known_by_its_columns(validated) -> None:
    tables = {
        "nvdla_full_passes": PASSES + f"{FULL},add_ew,line,512,32,1,100000,8,621",
        "nvdla_full_fused": FUSED + f"{FULL},bias,1,64,256,32,1,100000,8,2278",
        "nvdla_full_lstm": LSTM + f"{FULL},unfused10,pingpong,64,64,32,1,100000,8,6265",
        "nvdla_full_lstm_layers": LAYERS + f"{FULL},fused7,one,64,64,32,1,8,1,5,tanh_c,178",
    }
    for name, text in tables.items():
        validation = validated(text)
        assert validation.kind.name == name
        assert validation.predictions[0].exact, name
        assert summary(validation)["notes"][validation.predictions[0].group]


def test_a_column_of_beats_a_burst_says_what_counts_as_one_outstanding_read(validated) -> None:
    rows = f"{FULL},plain,1,64,256,32,1,1,8,18832,4\n{FULL},plain,1,64,256,32,1,1,8,67984,1\n"
    burst, beat = validated(FUSED.replace("\n", ",burst_beats\n") + rows).predictions
    without = validated(FUSED + f"{FULL},plain,1,64,256,32,1,1,8,67984\n").predictions[0]
    assert beat.simulated == without.simulated
    assert beat.simulated / burst.simulated == pytest.approx(3.6, abs=0.05)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PASSES + f"{FULL},copy,round,64,32,1,9,8,1", "layout = 'round': must be one of channel, line"),
        (PASSES + f"{FULL},copy,line,0,32,1,9,8,1", "N = '0'"),
        (PASSES.replace("total", "burst_beats,total") + f"{FULL},copy,line,8,32,1,9,8,0,1", "burst_beats = '0'"),
        (FUSED + f"{FULL},bias,1,64,1048576,32,1,9,8,1", "N = '1048576': cannot be simulated: more than"),
        (FUSED + "x,32,8,8,2,64,bias,1,64,64,32,1,9,8,1", "buffer_bytes = '64': cannot be simulated in one operation"),
        (LSTM + f"{FULL},fused8,one,64,64,32,1,9,8,1", "chain = 'fused8': must be one of unfused10, fused7"),
        (LSTM + f"{FULL},fused7,two,64,64,32,1,9,8,1", "host_mode = 'two': must be one of one, pingpong"),
        (LSTM + f"{FULL},fused7,one,64,9999,32,1,9,8,1", "H = '9999': must be a number in 1 .. 4,096"),
        (LSTM + f"{FULL},fused7,one,4096,4096,32,1,9,8,1", "H = '4096': cannot be simulated: more than"),
        (LAYERS + f"{FULL},fused7,one,64,64,32,1,8,1,7,x,178", "layer_index = '7': must be a number in 0 .. 6"),
        (LAYERS + f"{FULL},fused7,one,64,64,32,1,8,1,5,mul_o,178", "layer = 'mul_o': must be one of tanh_c"),
    ],
)
def test_what_cannot_be_simulated_names_the_column(validated, text, message) -> None:
    with pytest.raises(InputError) as caught:
        validated(text)
    assert f"line 2: {message}" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "every", "mean", "worst"),
    [("passes", 3, 0.01, 0.1), ("fused", 6, 0.01, 0.1), ("lstm", 1, 0.2, 0.5), ("lstm_layers", 1, 0.6, 6.0)],
)
def test_the_measured_tables_are_met(name, every, mean, worst) -> None:
    """Every third or sixth row of the long ones, so that the test takes seconds."""
    table = read_measured_table(outside("validation") / f"nvdla_full_{name}.csv")
    figures = summary(validate_table(type(table)(table.source, table.columns, table.rows[::every])))
    assert figures["mean_abs_error_pct"] <= mean
    assert figures["max_abs_error_pct"] <= worst
