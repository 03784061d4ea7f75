"""Limits on files and on what they declare: how large, how many, how deep. Ranges of options are in their help texts.

A limit is checked before anything is parsed or allocated, so that a refusal costs under 5 s and 500 MB.
"""

from __future__ import annotations

from typing import NamedTuple

YAML_BYTES = 1_000_000
YAML_DEPTH = 50
YAML_EVENTS = 20_000  # scalars, starts and ends; the pure loader takes 0.1 ms for each
JSON_BYTES = 16_000_000  # the worst file of this size is refused in 3 s and 450 MB
JSON_DEPTH = 100
INTEGER_DIGITS = 400  # Python refuses 4,300 with a plain ValueError, nothing here needs twenty
WEIGHTS_BYTES = 4_000_000_000
WEIGHTS_HEADER_BYTES = 16_000_000
WEIGHTS_TENSORS = 20_000
ARRAYS_BYTES = 128_000_000
ARRAYS_UNPACKED_BYTES = 128_000_000  # of all together: what a file that packs zeros a thousandfold may unfold to
ARRAYS_COUNT = 4096
ARRAY_HEADER_BYTES = 10_000
TFLITE_BYTES = 256_000_000
MANIFEST_BYTES = 64_000_000
MANIFEST_LINE_BYTES = 1_000_000
MANIFEST_LINES = 50_000  # read in under 5 s
MANIFEST_TEXT = 100_000  # characters: twice what an hour of fast speech holds
AUDIO_SECONDS = 3600
AUDIO_CHANNELS = 8
AUDIO_FRAMES = 48_000 * AUDIO_SECONDS  # 700 MB as float32: a few kilobytes of FLAC can declare an hour at 655 kHz
CSV_BYTES = 256_000_000
TRACE_AXES = 8
TRACE_CALLS = 400_000
STREAMS = 1024  # of each model
STREAM_CALLS = 1_000_000  # of all streams together: more take minutes
STREAM_FRAMES = 200_000  # of all streams together: a result file holds each of them
SWEEP_POINTS = 1_000_000
SWEEP_INTEGER = 2**63  # no field is as large, and a float of ten times the digits overflows
CONSTRAINT_CHARACTERS = 500
CONSTRAINT_DEPTH = 40
DRAM_CHANNELS = 1024  # of a DRAM with banks: each is followed by itself
WAITING_OTHER_WORK = 5_000  # pieces that wait for the CPU: more, and none of its time is ours
LARGEST_FIGURE = 1e100
"""Of a stored figure or an objective: its square, and sums of a million of them, are still numbers."""
LONGEST_STORED_VALUE = 16_000_000
"""Bytes of one value in a store."""


class Limit(NamedTuple):
    """A row of the manual's table of limits."""

    of: str
    most: int | float
    unit: str


TABLE = (
    Limit("a YAML file: chip, sweep, budget", YAML_BYTES, "bytes"),
    Limit("a YAML file, nesting", YAML_DEPTH, "levels"),
    Limit("a YAML file, content", YAML_EVENTS, "scalars, beginnings and ends"),
    Limit("a JSON file: trace, result", JSON_BYTES, "bytes"),
    Limit("a JSON file, nesting", JSON_DEPTH, "levels"),
    Limit("an integer in any text", INTEGER_DIGITS, "digits"),
    Limit("a safetensors file", WEIGHTS_BYTES, "bytes"),
    Limit("a safetensors file, header", WEIGHTS_HEADER_BYTES, "bytes"),
    Limit("a safetensors file, content", WEIGHTS_TENSORS, "tensors"),
    Limit("an .npz file", ARRAYS_BYTES, "bytes"),
    Limit("an .npz file, unpacked", ARRAYS_UNPACKED_BYTES, "bytes"),
    Limit("an .npz file, content", ARRAYS_COUNT, "arrays"),
    Limit("an array of an .npz file, header", ARRAY_HEADER_BYTES, "bytes"),
    Limit("a TensorFlow Lite file", TFLITE_BYTES, "bytes"),
    Limit("a manifest", MANIFEST_BYTES, "bytes"),
    Limit("a manifest, line", MANIFEST_LINE_BYTES, "bytes"),
    Limit("a manifest, content", MANIFEST_LINES, "lines"),
    Limit("a manifest, text of an utterance", MANIFEST_TEXT, "characters"),
    Limit("audio, length", AUDIO_SECONDS, "seconds"),
    Limit("audio, channels", AUDIO_CHANNELS, "channels"),
    Limit("audio, samples of a channel", AUDIO_FRAMES, "samples"),
    Limit("a CSV file that is read", CSV_BYTES, "bytes"),
    Limit("a trace, axes of a tensor", TRACE_AXES, "axes"),
    Limit("a trace from a shape", TRACE_CALLS, "calls"),
    Limit("streams of each model on a chip", STREAMS, "streams"),
    Limit("streams, all together", STREAM_CALLS, "calls"),
    Limit("streams, all together, frames", STREAM_FRAMES, "frames"),
    Limit("a sweep", SWEEP_POINTS, "points"),
    Limit("a sweep, an integer on an axis", SWEEP_INTEGER, "at most"),
    Limit("a sweep, a constraint", CONSTRAINT_CHARACTERS, "characters"),
    Limit("a sweep, a constraint, nesting", CONSTRAINT_DEPTH, "levels"),
    Limit("a DRAM with banks", DRAM_CHANNELS, "channels"),
    Limit("other work that waits for the CPU", WAITING_OTHER_WORK, "pieces"),
    Limit("a figure in a store", LARGEST_FIGURE, "at most"),
    Limit("a value in a store", LONGEST_STORED_VALUE, "bytes"),
)


def table() -> str:
    """The manual's table of limits, as Markdown."""
    rows = (f"| {limit.of} | {_number(limit.most)} {limit.unit} |" for limit in TABLE)
    return "\n".join(["| of | at most |", "|---|---|", *rows]) + "\n"


def _number(most: float) -> str:
    return f"{most:,}" if isinstance(most, int) else f"{most:g}"
