"""An energy table of the user's own, by file or by entry point."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from nnasim.errors import ConfigError, FileError
from nnasim.hardware import energy_tables, load_preset

TABLE = """node_nm: 7
mac_int8_pj: [0.05, 0.07, 0.1]
sram_pj_per_byte: [0.5, 1, 2]
dram_pj_per_byte: [50, 80, 120]
element_pj: [0.2, 0.4, 0.8]
cpu_mw: [50, 100, 200]
leakage_mw: [0.1, 0.5, 1]
"""


def seven_nanometres():
    return {"node_nm": 7, **{name: (1, 2, 3) for name in FIELDS}}


FIELDS = ("mac_int8_pj", "sram_pj_per_byte", "dram_pj_per_byte", "element_pj", "cpu_mw", "leakage_mw")


def test_a_preset_names_a_file_beside_it(tmp_path):
    (tmp_path / "seven.yaml").write_text(TABLE)
    (tmp_path / "mine.yaml").write_text("extends: edge256\nenergy: seven.yaml\n")
    assert load_preset(tmp_path / "mine.yaml").energy.mac_int8_pj == (0.05, 0.07, 0.1)


def test_an_override_names_a_file(tmp_path):
    (tmp_path / "seven.yaml").write_text(TABLE)
    assert load_preset("edge256", [f"energy={tmp_path / 'seven.yaml'}"]).energy.node_nm == 7


def test_an_entry_point_gives_the_table(monkeypatch):
    point = EntryPoint("seven", f"{__name__}:seven_nanometres", energy_tables.GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda self: seven_nanometres)
    monkeypatch.setattr(energy_tables, "entry_points", lambda group: EntryPoints([point]))
    assert load_preset("edge256", ["energy=seven"]).energy.cpu_mw == (1, 2, 3)


def test_an_unknown_name_lists_what_is_allowed():
    with pytest.raises(ConfigError, match=r"--set: energy = 'eight': must be a table, a \.yaml file or an entry point"):
        load_preset("edge256", ["energy=eight"])


def test_a_missing_file_and_one_that_is_no_table_are_named(tmp_path):
    with pytest.raises(FileError, match=r"gone\.yaml"):
        load_preset("edge256", [f"energy={tmp_path / 'gone.yaml'}"])
    (tmp_path / "list.yaml").write_text("- 1\n")
    with pytest.raises(ConfigError, match="must be a mapping"):
        load_preset("edge256", [f"energy={tmp_path / 'list.yaml'}"])
