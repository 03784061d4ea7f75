"""The origin of an imported model's trace, repeated in every result of it: figures alone claim too much."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from nnasim.records import Flag, Frozen, Integer, Items, Number

Words = Annotated[str, Field(max_length=2000)]
ModelName = Annotated[str, Field(min_length=1, max_length=500)]
Nodes = Annotated[Integer, Field(ge=0, le=2**40)]
Decibel = Annotated[Number, Field(ge=-1000, le=1000)]


class NodeDistance(Frozen):
    """The distance of the integers of one node from float, over steps that calibration has not used.

    ``signal_db``: power of the float values over that of the error, null if there is no error, or no signal;
    ``proposal``: a change that would bring a lost signal back.
    """

    node: ModelName
    operator: ModelName
    signal_db: Decibel | None
    proposal: Words = ""


class Source(Frozen):
    """A file or module of the model: ``format`` with its version, ``digest`` (SHA-256) of a file's bytes."""

    name: ModelName
    format: Words
    digest: str | None = Field(None, max_length=64)


Claim = Literal["exact", "exact by our own definition", "time only"]
"""The claim of a result: its integers are exact, chip against reference; exact though no standard defines them; or
only its times mean something."""


class Imported(Frozen):
    """A model that was brought in.

    ``calls``: how it was found when each graph runs; ``claim``: what the figures mean: integers that are exact, and by
    whose definition, or times only; ``reason``: why no more is claimed; ``calibration``: what the ranges
    were found from; ``fusion``: which nodes became one operation; ``nodes``: how many of the model's nodes ended where,
    on the chip, on the CPU, as a view, folded; ``distances``: worst first.
    """

    name: ModelName
    sources: Items[Source] = ()
    calls: Words
    claim: Claim
    reason: Words = ""
    calibration: Words = ""
    fusion: Words = ""
    nodes: dict[ModelName, Nodes] = Field({})
    distances: Items[NodeDistance] = ()


class Recipe(Frozen):
    """The way in which a model was read and calibrated, so that its trace can be made again for another arithmetic.

    ``models``: the file of each graph, as it was given; ``shapes``, ``bind``, ``states``, ``keep_state``: the arguments
    of its reader; ``steps``: the calibration steps, null without; ``method``, ``on_cpu``, ``blank``: the arguments of
    the import.
    """

    models: dict[ModelName, ModelName] = Field(min_length=1)
    transducer: Flag = False
    shapes: dict[ModelName, tuple[Nodes, ...]] = Field({})
    bind: dict[ModelName, Any] = Field({})
    states: tuple[ModelName, ...] | None = None
    keep_state: Items[ModelName] = ()
    on_cpu: Items[ModelName] = ()
    steps: ModelName | None = None
    method: Literal["mse", "percentile", "max"] = "mse"
    blank: Annotated[Integer, Field(ge=0, le=2**31)] = 0
