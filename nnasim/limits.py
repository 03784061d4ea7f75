"""Limits on files and on what they declare: how large, how many, how deep. Ranges of options are in their help texts.

A limit is checked before anything is parsed or allocated, so that a refusal costs under 5 s and 500 MB.
"""

from __future__ import annotations

from typing import NamedTuple

YAML_BYTES = 1_000_000
YAML_DEPTH = 50
YAML_EVENTS = 20_000  # scalars, starts and ends; the pure loader takes 0.1 ms for each
CHIP_EXTENDS = 8
JSON_BYTES = 16_000_000  # the worst file of this size is refused in 3 s and 450 MB
JSON_DEPTH = 100
COMMAND_CHARACTERS = 100_000  # Python splits a text into words in 40 s if it has ten times as many
INTEGER_DIGITS = 400  # Python refuses 4,300 with a plain ValueError, nothing here needs twenty
WEIGHTS_BYTES = 4_000_000_000
WEIGHTS_HEADER_BYTES = 16_000_000
WEIGHTS_TENSORS = 20_000
ARRAYS_BYTES = 128_000_000
ARRAYS_UNPACKED_BYTES = 128_000_000  # of all together: what a file that packs zeros a thousandfold may unfold to
ARRAYS_COUNT = 4096
ARRAY_HEADER_BYTES = 10_000
TFLITE_BYTES = 256_000_000
TFLITE_PARTS = 100_000
TFLITE_ELEMENTS = 2**28
TFLITE_AXES = 8
TFLITE_NAME = 1_000
TFLITE_FOLDED = 2**25
ONNX_BYTES = 200_000_000  # weights included: to parse it takes twice as much
ONNX_FIELDS = 1_500_000  # a streaming encoder of 10,000 nodes has 200,000; a million are counted in half a second
ONNX_PACKED_BYTES = 2**25  # each byte may become eight
ONNX_ELEMENTS = 2**28
ONNX_DEPTH = 100  # as protobuf's own limit
MODEL_NODES = 30_000  # measured encoders have 10,000
MODEL_DEPTH = 40
MODEL_OPERANDS = 2**16
MODEL_ELEMENTS = 2**26  # an embedding of 128,000 rows of 512 has as many; a call's values are far smaller
MODEL_AXES = 32
FOLDED_BYTES = 2**28  # measured models need a few megabytes
FOLDED_WORK = 2**30  # seconds
BOUND_VALUES = 2**20
UNROLLED_NODES = 10_000
GATHERED_PIECES = 256
PRODUCT_MATRICES = 64
POOLED_PLACES = 256
RECURRENT_FRAMES = 64
TILED_COPIES = 2**14
CALLS_SECONDS = 1_000_000
MODEL_STEPS = 400_000  # as many as a trace from a shape has calls: a hundred kilobytes can pack millions
TABLE_BYTES = 50_000_000
TABLE_LINE = 1_000_000
TABLE_ROWS = 100_000
TABLE_COLUMNS = 64
TABLE_CELLS = 3_000_000  # each takes a hundred bytes
TABLE_NUMBER = 2**40
TABLE_DIGITS = 40  # no cycle count has more, and int() of a very long text is slow
LAYERS = 5_000
LAYER_SIZE = 2**20
LAYER_MACS = 2**50
LAYER_NAME = 150
NVDLA_BEATS = 2**22  # a row of more would take minutes
NVDLA_LSTM = 2**12  # as above
TIMED_WEIGHTS = 2**28
EVALUATIONS_BYTES = 64_000_000
EVALUATIONS = 100_000
MANIFEST_BYTES = 64_000_000
MANIFEST_LINE_BYTES = 1_000_000
MANIFEST_LINES = 50_000  # read in under 5 s
MANIFEST_VALUES = 4_000_000  # of all lines: the times of a million words, read in under 5 s
MANIFEST_TEXT = 100_000  # characters: twice what an hour of fast speech holds
LIST_BYTES = 16_000_000
WORD_SECONDS = 10
SHARDS = 40_000  # what an index of JSON's 16 MB holds
SHARD_UTTERANCE_BYTES = 2**29
SHARD_TEXTS = 1_000_000
AUDIO_SECONDS = 3600
AUDIO_CHANNELS = 8
AUDIO_CHUNKS = 1_000
AUDIO_RATIO = 1_000
AUDIO_FRAMES = 48_000 * AUDIO_SECONDS  # 700 MB as float32: a few kilobytes of FLAC can declare an hour at 655 kHz
CSV_BYTES = 64_000_000
CSV_ROWS = 250_000  # of 50,000 utterances by five systems
TRACE_AXES = 8
TRACE_CALLS = 400_000
GRAPH_OPS = 50_000
TENSOR_ELEMENTS = 2**40
WEIGHT_TILES = 100_000  # more is no recogniser, and would only make the program slow
TRACES_BESIDE = 1_000
MODELS = 64
STREAMS = 1024  # of each model
STREAM_CALLS = 1_000_000  # of all streams together: more take minutes
STREAM_FRAMES = 200_000  # of all streams together: a result file holds each of them
SWEEP_POINTS = 1_000_000
SWEEP_INTEGER = 2**63  # no field is as large, and a float of ten times the digits overflows
SWEEP_TRACES = 1_000
SWEEP_AXES = 100
SWEEP_CONSTRAINTS = 100
SWEEP_OBJECTIVES = 20
CONSTRAINT_CHARACTERS = 500
CONSTRAINT_DEPTH = 40
DRAM_CHANNELS = 1024  # of a DRAM with banks: each is followed by itself
WAITING_OTHER_WORK = 5_000  # pieces that wait for the CPU: more, and none of its time is ours
OTHER_WORK_ALONE = 250_000  # pieces between two commands of ours
LARGEST_FIGURE = 1e100
"""Of a stored figure or an objective: its square, and sums of a million of them, are still numbers."""
LONGEST_STORED_VALUE = 16_000_000
"""Bytes of one value in a store."""
JOURNAL_LINE_BYTES = 16_000_000
JOURNAL_BYTES = 128_000_000
JOURNAL_LINES = 750_000  # Optuna's own have 180 bytes or more on the mean, so 128 MB hold no more of them
STORED_SWEEPS = 1_000
RESCUED_ROWS = 10_000_000
STORED_SWEEPS_BYTES = 16_000_000
STORED_FIGURES = 1_000


class Limit(NamedTuple):
    """A row of the manual's table of limits."""

    of: str
    most: int | float
    unit: str


TABLE = (
    Limit("a YAML file: chip, sweep, budget", YAML_BYTES, "bytes"),
    Limit("a YAML file, nesting", YAML_DEPTH, "levels"),
    Limit("a YAML file, content", YAML_EVENTS, "scalars, beginnings and ends"),
    Limit("a chip that extends a chip", CHIP_EXTENDS, "files"),
    Limit("a JSON file: trace, result", JSON_BYTES, "bytes"),
    Limit("a JSON file, nesting", JSON_DEPTH, "levels"),
    Limit("an integer in any text", INTEGER_DIGITS, "digits"),
    Limit("a command that a result records, to be run again", COMMAND_CHARACTERS, "characters"),
    Limit("a safetensors file", WEIGHTS_BYTES, "bytes"),
    Limit("a safetensors file, header", WEIGHTS_HEADER_BYTES, "bytes"),
    Limit("a safetensors file, content", WEIGHTS_TENSORS, "tensors"),
    Limit("an .npz file", ARRAYS_BYTES, "bytes"),
    Limit("an .npz file, unpacked", ARRAYS_UNPACKED_BYTES, "bytes"),
    Limit("an .npz file, content", ARRAYS_COUNT, "arrays"),
    Limit("an array of an .npz file, header", ARRAY_HEADER_BYTES, "bytes"),
    Limit("a TensorFlow Lite file", TFLITE_BYTES, "bytes"),
    Limit("a TensorFlow Lite file, content", TFLITE_PARTS, "tensors, operators, buffers or subgraphs"),
    Limit("a TensorFlow Lite file, a tensor, and all constants", TFLITE_ELEMENTS, "elements"),
    Limit("a TensorFlow Lite file, a tensor", TFLITE_AXES, "axes"),
    Limit("a TensorFlow Lite file, a name", TFLITE_NAME, "characters"),
    Limit("a TensorFlow Lite file, constants that are computed with", TFLITE_FOLDED, "elements"),
    Limit("an ONNX file, without weights beside it", ONNX_BYTES, "bytes"),
    Limit("an ONNX file, content", ONNX_FIELDS, "fields that may repeat"),
    Limit("an ONNX file, packed integers", ONNX_PACKED_BYTES, "bytes"),
    Limit("an ONNX file, all weights beside it", ONNX_ELEMENTS, "elements"),
    Limit("an ONNX file, nesting", ONNX_DEPTH, "messages"),
    Limit("a model", MODEL_NODES, "nodes, those of functions once for each call"),
    Limit("a model, nesting of branches and functions", MODEL_DEPTH, "levels"),
    Limit("a model, a node", MODEL_OPERANDS, "operands"),
    Limit("a model, a value", MODEL_ELEMENTS, "elements"),
    Limit("a model, a value on its way", MODEL_AXES, "axes"),
    Limit("a model, constants that it computes, beside its file", FOLDED_BYTES, "bytes"),
    Limit("a model, work to compute them", FOLDED_WORK, "elements and products"),
    Limit("a model, an input bound to a constant", BOUND_VALUES, "elements"),
    Limit("a model, loops that are written out", UNROLLED_NODES, "nodes"),
    Limit("a model, one gather", GATHERED_PIECES, "pieces"),
    Limit("a model, one product", PRODUCT_MATRICES, "matrices"),
    Limit("a model, a pooling window", POOLED_PLACES, "places"),
    Limit("a model, a recurrent layer in one call", RECURRENT_FRAMES, "frames"),
    Limit("a model, a tile", TILED_COPIES, "copies"),
    Limit("calls of a model", CALLS_SECONDS, "seconds of audio"),
    Limit("a model, calibration", MODEL_STEPS, "steps"),
    Limit("a table: measurements, timings, calls, layers", TABLE_BYTES, "bytes"),
    Limit("a table, a line", TABLE_LINE, "characters"),
    Limit("a table, content", TABLE_ROWS, "rows"),
    Limit("a table, content", TABLE_COLUMNS, "columns"),
    Limit("a table, content", TABLE_CELLS, "cells"),
    Limit("a table, a number", TABLE_NUMBER, "at most"),
    Limit("a table, a number's text", TABLE_DIGITS, "digits"),
    Limit("a table of layers", LAYERS, "layers"),
    Limit("a table of layers, a size", LAYER_SIZE, "at most"),
    Limit("a table of layers, a layer", LAYER_MACS, "products"),
    Limit("a table of layers, a name", LAYER_NAME, "characters"),
    Limit("a measurement of NVDLA, a row", NVDLA_BEATS, "beats of memory"),
    Limit("a measurement of NVDLA, an LSTM", NVDLA_LSTM, "inputs or units"),
    Limit("a timing, a product", TIMED_WEIGHTS, "weights"),
    Limit("the evaluations of a stopped fit", EVALUATIONS_BYTES, "bytes"),
    Limit("the evaluations of a stopped fit", EVALUATIONS, "lines"),
    Limit("a manifest", MANIFEST_BYTES, "bytes"),
    Limit("a manifest, line", MANIFEST_LINE_BYTES, "bytes"),
    Limit("a manifest, content", MANIFEST_LINES, "lines"),
    Limit("a manifest, and its word times, content", MANIFEST_VALUES, "commas and opening brackets"),
    Limit("a manifest, text of an utterance", MANIFEST_TEXT, "characters"),
    Limit("a list of a corpus", LIST_BYTES, "bytes"),
    Limit("a recording of a single word", WORD_SECONDS, "seconds"),
    Limit("a folder of shards", SHARDS, "shards"),
    Limit("a folder of shards, an utterance", SHARD_UTTERANCE_BYTES, "bytes"),
    Limit("a folder of shards, subwords", SHARD_TEXTS, "texts that they are learned from"),
    Limit("audio, length", AUDIO_SECONDS, "seconds"),
    Limit("audio, channels", AUDIO_CHANNELS, "channels"),
    Limit("audio, a WAV file", AUDIO_CHUNKS, "chunks"),
    Limit("audio, either part of the ratio of two sample rates", AUDIO_RATIO, "at most"),
    Limit("audio, samples of a channel", AUDIO_FRAMES, "samples"),
    Limit("hypotheses.csv of a comparison", CSV_BYTES, "bytes"),
    Limit("hypotheses.csv of a comparison", CSV_ROWS, "rows"),
    Limit("a trace, axes of a tensor", TRACE_AXES, "axes"),
    Limit("a trace from a shape", TRACE_CALLS, "calls"),
    Limit("a trace, a graph", GRAPH_OPS, "operations"),
    Limit("a trace, a tensor", TENSOR_ELEMENTS, "elements"),
    Limit("a weight on a chip", WEIGHT_TILES, "tiles"),
    Limit("a folder that is searched for a result's trace", TRACES_BESIDE, "files"),
    Limit("models on a chip", MODELS, "models"),
    Limit("streams of each model on a chip", STREAMS, "streams"),
    Limit("streams, all together", STREAM_CALLS, "calls"),
    Limit("streams, all together, frames", STREAM_FRAMES, "frames"),
    Limit("a sweep", SWEEP_POINTS, "points"),
    Limit("a sweep, an integer on an axis", SWEEP_INTEGER, "at most"),
    Limit("a sweep", SWEEP_TRACES, "traces"),
    Limit("a sweep", SWEEP_AXES, "axes"),
    Limit("a sweep", SWEEP_CONSTRAINTS, "constraints"),
    Limit("a sweep", SWEEP_OBJECTIVES, "objectives"),
    Limit("a sweep, a constraint", CONSTRAINT_CHARACTERS, "characters"),
    Limit("a sweep, a constraint, nesting", CONSTRAINT_DEPTH, "levels"),
    Limit("a DRAM with banks", DRAM_CHANNELS, "channels"),
    Limit("other work that waits for the CPU", WAITING_OTHER_WORK, "pieces"),
    Limit("other work between two commands of ours for the CPU", OTHER_WORK_ALONE, "pieces"),
    Limit("a figure in a store", LARGEST_FIGURE, "at most"),
    Limit("a value in a store", LONGEST_STORED_VALUE, "bytes"),
    Limit("a store", STORED_SWEEPS, "sweeps"),
    Limit("a store, all records of sweeps", STORED_SWEEPS_BYTES, "bytes"),
    Limit("a store, all points of a sweep", STORED_FIGURES, "names of axes and figures"),
    Limit("a store whose pages are damaged", RESCUED_ROWS, "rows of a table"),
    Limit("Optuna's journal", JOURNAL_BYTES, "bytes"),
    Limit("Optuna's journal", JOURNAL_LINES, "lines"),
    Limit("a line of Optuna's journal", JOURNAL_LINE_BYTES, "bytes"),
)


def table() -> str:
    """The manual's table of limits, as Markdown."""
    rows = (f"| {limit.of} | {written(limit.most)} {limit.unit} |" for limit in TABLE)
    return "\n".join(["| of | at most |", "|---|---|", *rows]) + "\n"


def written(most: float) -> str:
    """The number of a limit, as the table and every refusal write it: 1,000,000 or 1e100."""
    return f"{most:,}" if isinstance(most, int) else f"{most:g}".replace("e+", "e")
