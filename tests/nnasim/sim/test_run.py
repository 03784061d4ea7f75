"""Replay of invocations that start from the same chip state equals the run of every event."""

from nnasim.ir.run import Step
from nnasim.sim.replay import Replay
from nnasim.sim.run import run_program, run_steps


def test_replay_gives_the_same_times_and_records_as_every_event(chip, make) -> None:
    work = make.program([make.tile(0), make.tile(1)], [64, 64])
    steps = [Step(work, earliest, frame) for frame, earliest in enumerate([0, 3, 500])]
    replay = Replay(lambda program: run_program(program, chip()))
    assert replay.run_steps(steps) == run_steps(steps, chip())


def test_replay_simulates_a_program_once(chip, make) -> None:
    calls = []
    replay = Replay(lambda program: calls.append(program) or run_program(program, chip()))
    work = make.program([make.tile(None)], [])
    replay.run_steps([Step(work, 0, frame) for frame in range(5)])
    assert len(calls) == 1


def test_a_step_waits_for_its_audio_and_queues_behind_the_step_before(chip, make) -> None:
    work = make.program([make.tile(None)], [])  # four cycles
    runs = run_steps([Step(work, earliest, 0) for earliest in (10, 11, 50)], chip())
    assert [(run.start, run.end) for run in runs] == [(10, 14), (14, 18), (50, 54)]
