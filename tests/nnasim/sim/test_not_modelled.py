"""What a block leaves out stands once, in its docstring, and so in every result."""

from nnasim.hardware import load_preset
from nnasim.sim import left_out, not_modelled


class Described:
    """A block.

    Not modelled
        the first thing: why
        the second

    Source
        elsewhere
    """


class Bare:
    """A block that says nothing."""


def test_what_stands_below_the_heading_is_left_out_a_line_each() -> None:
    assert left_out(Described) == ("the first thing: why", "the second")
    assert left_out(Bare) == ()


def test_a_chips_list_has_all_its_blocks_in_their_order_and_no_others() -> None:
    chip = load_preset("edge256")
    assert not_modelled(chip) == (
        "fetching the command stream from memory",
        "single DMA bursts",
        "DRAM refresh, row hits and misses, banks one by one: dram.efficiency stands for what they cost",
        "DRAM writes: nothing is spilled, results leave with the hand-off",
        "SRAM bank conflicts: data are taken as interleaved over all banks",
        "data-dependent effects in the MAC array: zero skipping, clock gating",
        "vector array: block shapes, so the loss of a block that does not fill the lanes",
        "vector array: the output stage of a matmul of fewer than 64 inputs",
        "vector array: decoding a weight again for a further block of rows",
        "frequency changes of the CPU",
    )
    other = chip.with_({"host.other_load_per_second": 10, "host.other_load_us": 5, "mac_array.kind": "systolic"})
    assert len([line for line in not_modelled(other) if line.startswith("systolic array")]) == 2
    assert not_modelled(other)[-1] == "priorities and time slices of the host's operating system"


def test_what_concerns_a_kind_of_operation_stands_only_where_there_are_some() -> None:
    chip = load_preset("edge256")
    without, added = not_modelled(chip), {}
    for kind in ("conv", "bmm", "softmax", "copy", "host"):
        added[kind] = [line for line in not_modelled(chip, {kind}) if line not in without]
        assert added[kind]
        assert all(line.startswith(f"{kind}: ") for line in added[kind])
    assert set(not_modelled(chip, added)) == {*without, *(line for lines in added.values() for line in lines)}
    assert len([line for line in not_modelled(load_preset("systolic"), {"conv"}) if "systolic array" in line]) == 4
