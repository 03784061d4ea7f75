"""Each kind of measured table: recognised by its columns, predicted row by row, refused with a reason."""

import pytest

from nnasim.errors import InputError
from tests.outside import outside
from workloads.importers.measured_table import read_measured_table
from workloads.validation.tables import recognise, summary, validate_table

NVDLA = (
    "design,experiment,atomC,atomK,bus_bytes,outputs_per_cycle,buffer_bytes,M,K,N,read_latency,cycles_per_read_beat,"
    "max_outstanding_reads,write_latency,total_cycles\n"
)
SCALESIM_RANDOM = "dataflow,R,C,M,N,K,cycles,stall,sram_if,sram_fil,sram_of\n"
OPENTPU = "array_size,M,k_tiles,total_cycles\n"
ZIGZAG = "config,layer,M,N,K,dataflow,array,cycles\n"
VELA = "config,system_config,memory_mode,layer,cycles_total,weights_KiB,macs\n"


@pytest.fixture
def validated(tmp_path):
    def run(text):
        (tmp_path / "table.csv").write_text(text)
        return validate_table(read_measured_table(tmp_path / "table.csv"))

    return run


def test_an_nvdla_row_is_run_by_its_sizes_whatever_the_design_is_called(validated):
    row = "{},main,8,8,8,1,131072,16,8,128,32,1.0,100000,8,3070\n"
    named, other = (validated(NVDLA + row.format(name)) for name in ("nv_small", "=1+2"))
    assert named.kind.name == "nvdla"
    assert named.predictions == other.predictions
    assert named.predictions[0].exact


def test_resident_weights_are_a_group_of_their_own(validated):
    rows = "".join(f"x,{experiment},8,8,8,1,131072,1,64,64,32,1.0,100000,8,739\n" for experiment in ("lat", "resident"))
    streamed, resident = validated(NVDLA + rows).predictions
    assert (streamed.group, resident.group) == ("batch_1", "resident")
    assert streamed.exact
    assert resident.simulated < streamed.simulated


def test_scale_sim_counts_must_agree_for_a_row_to_be_exact(validated):
    text = SCALESIM_RANDOM + "ws,8,2,17,64,1,1055,0,544,64,1088\nws,8,2,17,64,1,1055,0,544,64,1089\n"
    good, bad = validated(text).predictions
    assert good.exact
    assert bad.error_pct == 0
    assert not bad.exact


def test_stall_cycles_are_taken_off(validated):
    text = SCALESIM_RANDOM + "ws,8,2,17,64,1,1155,100,544,64,1088\n"
    assert validated(text).predictions[0].exact


@pytest.mark.parametrize("row", ["8,1,1,34", "8,32,1,65", "16,20,1,80", "16,1,3,311"])
def test_opentpu_rows_are_equal(validated, row):
    assert validated(OPENTPU + row).predictions[0].exact


def test_summary_counts_rows_and_groups(validated):
    figures = summary(validated(OPENTPU + "8,1,1,34\n8,4,1,74\n16,1,3,311\n"))
    assert (figures["rows"], figures["exact_rows"]) == (3, 2)
    assert figures["max_abs_error_pct"] == pytest.approx(50.0)
    assert figures["mean_abs_error_pct"] == pytest.approx(50.0 / 3)
    assert figures["groups"]["single_tile"]["rows"] == 2
    assert figures["notes"].keys() == figures["groups"].keys()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,2\n", "line 1: header"),
        (NVDLA.replace("atomC,", "") + "x\n", "cells"),
        ("array_size,M,total_cycles\n8,1,34\n", "line 1: k_tiles: is missing"),
        (OPENTPU + "8,1,1,34\n8,4,2,99\n", "line 3: k_tiles = '2': cannot be simulated"),
        (OPENTPU + "12,4,1,99\n", "line 2: array_size = '12': must be a multiple of 8"),
        (OPENTPU + "8,-4,1,99\n", "line 2: M = '-4'"),
        (OPENTPU + "8,4,1,0\n", "line 2: total_cycles = '0'"),
        (NVDLA + "x,main,8,8,8,1,131072,1,8,8,32,0,1,8,180\n", "line 2: cycles_per_read_beat = '0'"),
        (NVDLA + "x,main,8,8,8,1,64,16,8,8,32,1,1,8,180\n", "line 2: buffer_bytes = '64': cannot be simulated"),
        (NVDLA + "x,main,8,8,8,1,1073741824,1048576,64,8,32,1,1,8,1\n", "line 2: N = '8': cannot be simulated"),
        (SCALESIM_RANDOM + "xs,8,2,17,64,1,1055,0,544,64,1088\n", "line 2: dataflow = 'xs'"),
        (SCALESIM_RANDOM + "ws,8,2,17,64,1,10,10,544,64,1088\n", "line 2: stall = '10'"),
        (ZIGZAG + "tpu32,g,1,8,8,ws,32x32,10\n", "line 2: config = 'tpu32'"),
        (ZIGZAG + "tpu32_s64,g,1,8,8,ws,32,10\n", "line 2: array = '32'"),
        (VELA + "ethos-u99-1,S,M,g8,1,64,512\n", "line 2: config = 'ethos-u99-1'"),
        (VELA + "ethos-u55-128,S,M,g8,1,64,512\n", "line 2: system_config = 'S'"),
        (VELA + "ethos-u55-128,Ethos_U55_High_End_Embedded,M,g8,1,64,513\n", "line 2: macs = '513': layer g8"),
    ],
)
def test_what_cannot_be_simulated_names_line_and_column(validated, text, message):
    with pytest.raises(InputError) as caught:
        validated(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_column_names_the_closest_kind(tmp_path):
    (tmp_path / "table.csv").write_text(NVDLA.replace(",atomK", "") + "x,main,8,8,1,64,16,8,8,32,1,1,8,180\n")
    with pytest.raises(InputError, match="atomK: is missing; this seems to be a table of nvdla, and lacks atomK"):
        recognise(read_measured_table(tmp_path / "table.csv"))


@pytest.mark.parametrize(
    ("name", "group", "mean", "worst"),
    [
        ("scalesim", None, 0, 0),
        ("scalesim_random", None, 0, 0),
        ("opentpu", None, 0, 0),
        ("zigzag", "dram_bound", 0.5, 2.0),
        ("vela", "weight_bound", 5.0, 10.0),
    ],
)
def test_the_measured_tables_are_met(name, group, mean, worst):
    figures = summary(validate_table(read_measured_table(outside("validation") / f"{name}.csv")))
    chosen = figures["groups"][group] if group else figures
    assert chosen["mean_abs_error_pct"] <= mean
    assert chosen["max_abs_error_pct"] <= worst
    if not group:
        assert figures["exact_rows"] == figures["rows"]


@pytest.mark.parametrize(("name", "cycles"), [("nvdla_small", 342741), ("nvdla_small_256", 285330)])
def test_the_register_transfer_design_is_met(name, cycles):
    """Every fifth row, so that the test takes seconds; the whole table is in docs/explanation/validation.md."""
    table = read_measured_table(outside("validation") / f"{name}.csv")
    sample = type(table)(table.source, table.columns, table.rows[::5])
    validation = validate_table(sample)
    groups = summary(validation)["groups"]
    assert sum(prediction.simulated for prediction in validation.predictions) == cycles  # golden: moves with a reason
    assert groups["batch_1"]["exact_rows"] == groups["batch_1"]["rows"]
    for group in groups.values():
        assert group["mean_abs_error_pct"] <= 0.3
        assert group["max_abs_error_pct"] <= 1.0


def test_upper_case_spaces_and_hyphens_in_a_header_change_nothing(tmp_path) -> None:
    rows = "\n8,1,1,33\n"
    plain, shouted = tmp_path / "a.csv", tmp_path / "b.csv"
    plain.write_text("array_size,M,k_tiles,total_cycles" + rows)
    shouted.write_text("ARRAY SIZE,m,K-Tiles,Total Cycles" + rows)
    tables = [validate_table(read_measured_table(path)) for path in (plain, shouted)]
    assert tables[0].predictions == tables[1].predictions
    assert tables[1].table.columns[0] == "ARRAY SIZE"


def test_two_columns_that_differ_by_case_alone_are_refused(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("M,m\n1,2\n")
    with pytest.raises(InputError, match="a name of its own"):
        read_measured_table(tmp_path / "a.csv")
