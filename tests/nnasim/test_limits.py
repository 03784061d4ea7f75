"""The limits are one module, and the manual's table is made of it."""

from pathlib import Path

from nnasim import limits

MANUAL = Path(__file__).parents[2] / "docs/reference/limits.md"


def test_the_manual_has_the_table_as_the_module_writes_it() -> None:
    assert MANUAL.read_text().endswith(f"\n\n{limits.table()}")


def test_every_limit_stands_in_the_table() -> None:
    constants = [value for name, value in vars(limits).items() if name.isupper() and name != "TABLE"]
    assert len(constants) == len(limits.TABLE)
    assert sorted(constants) == sorted(limit.most for limit in limits.TABLE)


def test_rooms_take_their_limits_from_there() -> None:
    """A number that stood in a room of its own again would be missed here where it is changed."""
    from aat_training.data import jsonl, manifest
    from nnasim import files, npzfile, tensorfile
    from nnasim.cli import options
    from nnasim.sweeps import axes
    from workloads.audio import header

    assert files.JSON_MAX_BYTES is limits.JSON_BYTES
    assert files.YAML_MAX_EVENTS is limits.YAML_EVENTS
    assert tensorfile.LARGEST_HEADER is limits.WEIGHTS_HEADER_BYTES
    assert npzfile.LARGEST_UNPACKED is limits.ARRAYS_UNPACKED_BYTES
    assert jsonl.MAX_LINES is limits.MANIFEST_LINES
    assert manifest.MAX_TEXT is limits.MANIFEST_TEXT
    assert header.MAX_FRAMES is limits.AUDIO_FRAMES
    assert (options.MOST_UTTERANCES, options.MOST_FRAMES) == (limits.MANIFEST_LINES, limits.TRACE_CALLS)
    assert axes.MOST_POINTS is limits.SWEEP_POINTS
