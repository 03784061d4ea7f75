"""What waits for what: hazards of tensors, of bytes they share, and of hand-offs; and the order of entering."""

from collections.abc import Callable

from nnasim.compiler import AT_START, CompiledTrace
from nnasim.compiler.addresses import address_map
from nnasim.compiler.score_board import Access, ScoreBoard
from nnasim.hardware import load_preset
from nnasim.ir.program import HandoffCommand, Program
from nnasim.ir.trace import OpTrace

AHEAD = ["sequencer.in_flight=8"]


def needs(*accesses: Access, sharing: dict[str, list[str]] | None = None) -> list[set[int]]:
    board = ScoreBoard(sharing or {})
    return [board.follow(index, access) for index, access in enumerate(accesses)]


def test_a_reader_waits_for_the_writer_and_a_writer_for_readers_and_writers() -> None:
    write, read = Access("nna", (), ("a",)), Access("nna", ("a",), ("b",))
    assert needs(write, read, write, read) == [set(), {0}, {0, 1}, {1, 2}]


def test_a_writer_waits_for_all_that_touch_the_bytes_it_takes() -> None:
    accesses = Access("nna", (), ("a",)), Access("nna", ("a",), ("b",)), Access("nna", (), ("c",))
    assert needs(*accesses)[2] == set()
    assert needs(*accesses, sharing={"c": ["a"], "a": ["c"]})[2] == {0, 1}


def test_the_other_unit_waits_for_the_hand_off_and_the_unit_that_wrote_does_not() -> None:
    accesses = [
        Access("nna", (), ("a",)),
        Access("nna", ("a",), (), brought_to="cpu"),
        Access("cpu", ("a",), ("b",)),
        Access("nna", ("a",), ("c",)),
    ]
    assert needs(*accesses) == [set(), {0}, {1}, {0}]


def encoder(small: Callable[..., OpTrace], system: str, overrides: list[str] = AHEAD) -> Program:
    compiled = CompiledTrace(small(system=system), load_preset("edge256", overrides))
    return compiled.program("encoder", AT_START)


def names_in_order(program: Program) -> list[str]:
    assert program.ahead is not None
    return list(dict.fromkeys(program.ops[program.commands[place].op].name for place in program.ahead.order))


def test_a_product_with_the_layers_own_state_enters_before_the_one_with_the_layer_below(small) -> None:
    names = names_in_order(encoder(small, "aat"))
    assert names.index("enc1.h_mm") < names.index("enc1.x")
    assert names.index("enc0.h_mm") < names.index("enc0.x")  # the features come with a hand-off


def test_nothing_enters_before_what_it_needs_and_every_command_enters_once(small) -> None:
    for system in ("float", "cpu_fallback", "naive", "aat"):
        program = encoder(small, system)
        assert program.ahead is not None
        position = {place: index for index, place in enumerate(program.ahead.order)}
        assert sorted(position) == list(range(len(program.commands)))
        for place, waits in enumerate(program.ahead.needs):
            assert all(position[need] < position[place] for need in waits)


def test_what_a_hand_off_brings_waits_for_it_and_what_it_does_not_bring_goes_on(small) -> None:
    program = encoder(small, "cpu_fallback")
    assert program.ahead is not None
    names = [program.ops[command.op].name for command in program.commands]
    gates = program.ahead.needs[names.index("enc0.gates")]
    assert any(isinstance(program.commands[need], HandoffCommand) for need in gates)
    own_state = program.ahead.needs[names.index("enc1.h_mm")]
    assert all(names[need] == "handoff.to_nna" and need < names.index("enc0.gates") for need in own_state)


def test_one_command_in_flight_looks_at_no_hazard_and_moves_no_address(small) -> None:
    assert encoder(small, "aat", []).ahead is None
    trace, chip = small(), load_preset("edge256")
    ahead = CompiledTrace(trace, load_preset("edge256", AHEAD))
    assert CompiledTrace(trace, chip).spread_bytes == 0
    address_map(ahead).check(chip.sram.bytes)
    assert ahead.memory == CompiledTrace(trace, chip).memory


def test_activations_spread_over_what_the_plan_leaves_free_and_no_further(small) -> None:
    trace = small()
    roomy = CompiledTrace(trace, load_preset("edge256", AHEAD))
    assert 0 < roomy.spread_bytes <= roomy.chip.sram.bytes - roomy.memory.total
    tight = CompiledTrace(trace, load_preset("edge256", [*AHEAD, "sram.bytes=9216", "sram.weight_tile_bytes=512"]))
    assert tight.spread_bytes <= tight.chip.sram.bytes - tight.memory.total
    address_map(tight).check(tight.chip.sram.bytes)
