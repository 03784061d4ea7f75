"""An energy table of the user's own, by file or by entry point."""

import pytest

from nnasim.errors import ConfigError, FileError
from nnasim.files import parse_yaml
from nnasim.hardware import load_preset
from tests.nnasim.installed import install

TABLE = """node_nm: 7
mac_int8_pj: [0.05, 0.07, 0.1]
sram_bank_pj_per_byte: [0.5, 1, 2]
sram_bank_bytes: 32768
sram_bank_exponent: 0.5
sram_fixed_share: 0.3
sram_route_pj_per_byte: [0.2, 0.5, 1]
sram_bank_overhead_bytes: 512
dram_pj_per_byte: {lpddr4: [50, 80, 120]}
element_pj: [0.2, 0.4, 0.8]
cpu_mw: [50, 100, 200]
sram_leakage_uw_per_kb: [0.1, 0.5, 1]
mac_leakage_uw: [0.1, 0.5, 1]
rest_leakage_mw: [0.1, 0.5, 1]
"""


def test_a_preset_names_a_file_beside_it(tmp_path):
    (tmp_path / "seven.yaml").write_text(TABLE)
    (tmp_path / "mine.yaml").write_text("extends: edge256\nenergy: seven.yaml\n")
    assert load_preset(tmp_path / "mine.yaml").energy.mac_int8_pj == (0.05, 0.07, 0.1)


def test_an_override_names_a_file(tmp_path):
    (tmp_path / "seven.yaml").write_text(TABLE)
    assert load_preset("edge256", [f"energy={tmp_path / 'seven.yaml'}"]).energy.node_nm == 7


@pytest.mark.parametrize("as_function", [False, True])
def test_an_entry_point_gives_the_table(tmp_path, monkeypatch, as_function):
    table = parse_yaml(TABLE, "seven") | {"cpu_mw": (1, 2, 3)}
    code = f"def table():\n    return {table!r}\n" if as_function else f"table = {table!r}\n"
    monkeypatch.syspath_prepend(install(tmp_path, f"foundry{as_function}", code, {"nnasim.energy": "seven = table"}))
    assert load_preset("edge256", ["energy=seven"]).energy.cpu_mw == (1, 2, 3)


def test_an_unknown_name_lists_what_is_allowed():
    with pytest.raises(
        ConfigError, match=r"override: energy = 'eight': must be a table, a \.yaml file or an entry point"
    ):
        load_preset("edge256", ["energy=eight"])


def test_a_missing_file_and_one_that_is_no_table_are_named(tmp_path):
    with pytest.raises(FileError, match=r"gone\.yaml"):
        load_preset("edge256", [f"energy={tmp_path / 'gone.yaml'}"])
    (tmp_path / "list.yaml").write_text("- 1\n")
    with pytest.raises(ConfigError, match="must be a mapping"):
        load_preset("edge256", [f"energy={tmp_path / 'list.yaml'}"])


OLD_TABLE = """node_nm: 7
mac_int8_pj: [0.05, 0.07, 0.1]
sram_pj_per_byte: [0.5, 1, 2]
dram_pj_per_byte: [50, 80, 120]
element_pj: [0.2, 0.4, 0.8]
cpu_mw: [50, 100, 200]
leakage_mw: [0.1, 0.5, 1]
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (OLD_TABLE, "energy.sram_pj_per_byte = [0.5, 1, 2]: is now sram_bank_pj_per_byte"),
        (
            OLD_TABLE.replace("sram_pj_per_byte: [0.5, 1, 2]\n", ""),
            "energy.leakage_mw = [0.1, 0.5, 1]: is now sram_",
        ),
        (TABLE.replace("{lpddr4: [50, 80, 120]}", "[50, 80, 120]"), "must have a row for each kind of memory"),
        (TABLE.replace("lpddr4", "hbm2"), "dram.kind = 'lpddr4': must have a row in energy.dram_pj_per_byte"),
        (TABLE.replace("[50, 80, 120]", "[80, 50, 120]"), "dram_pj_per_byte.lpddr4 = [80"),
    ],
)
def test_a_table_of_before_is_refused_with_the_new_names(tmp_path, text, words):
    (tmp_path / "old.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_preset("edge256", [f"energy={tmp_path / 'old.yaml'}"])
    assert words in str(caught.value)


@pytest.mark.parametrize("field", ["energy.node_nm", "area.node_nm"])
def test_a_node_without_its_figures_is_refused_and_the_same_node_is_not(tmp_path, field):
    section = field.partition(".")[0]
    with pytest.raises(ConfigError, match=rf"override: {field} = 7: the table is of 45(\.0)? nm; give .*mac_int8"):
        load_preset("edge256", [f"{field}=7"])
    with pytest.raises(ConfigError, match=rf"chip: {field} = 7: the table is of 45"):
        load_preset("edge256").with_({field: 7})
    (tmp_path / "mine.yaml").write_text(f"extends: edge256\n{section}: {{node_nm: 7}}\n")
    with pytest.raises(ConfigError, match=rf"mine\.yaml: {field} = 7"):
        load_preset(tmp_path / "mine.yaml")
    assert load_preset("edge256", [f"{field}=45"]) == load_preset("edge256")


def test_a_node_with_all_its_figures_is_taken():
    figures = {"area.node_nm": 7, "area.mac_int8_um2": [9, 12, 20], "area.sram_um2_per_byte": [0.2, 0.4, 0.6]}
    assert load_preset("edge256").with_(figures).area.node_nm == 7
    assert load_preset("edge256", [f"{name}={value}" for name, value in figures.items()]).area.node_nm == 7
    with pytest.raises(ConfigError, match="sram_um2_per_byte"):
        load_preset("edge256").with_({"area": {"node_nm": 7, "mac_int8_um2": [9, 12, 20]}})
