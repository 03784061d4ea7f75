"""The fields of `dram.parameters` for a DRAM with banks, and their values by kind of memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any

from pydantic import Field

from nnasim import files, limits
from nnasim.hardware.memory import DramConfig
from nnasim.records import Integer, Number, Record
from nnasim.units import as_decimal, ceil_div

TABLE = Path(__file__).with_name("timings.yaml")
PICO = 1000  # picoseconds of a nanosecond: all times are whole numbers of them, so that sums are exact


def _time(description: str) -> Any:
    return Field(None, ge=0, le=1e6, description=description)


class BankedParameters(Record):
    """The organisation and times of one channel, and its mapping of addresses. None: the value in the table of
    ``dram.kind``.
    """

    channel_bytes_per_second: Number | None = Field(None, ge=1, le=1e12, description="highest rate of one channel")
    channels: Integer | None = Field(
        None, ge=1, le=limits.DRAM_CHANNELS, description="number of channels; null: as few as the rate needs"
    )
    bank_groups: Integer | None = Field(None, ge=1, le=16, description="number of bank groups")
    banks: Integer | None = Field(None, ge=1, le=256, description="banks of a channel, in all groups together")
    row_bytes: Integer | None = Field(None, ge=64, le=2**20, description="bytes of an open row of one bank")
    access_bytes: Integer | None = Field(None, ge=1, le=4096, description="bytes of one access, a burst of the device")
    group_rotation: Integer = Field(1, ge=0, le=1, description="1: consecutive accesses go to the next bank group")
    channel_bytes: Integer = Field(256, ge=1, le=2**30, description="consecutive bytes before the next channel")
    bank_bytes: Integer | None = Field(
        None, ge=1, le=2**40, description="consecutive bytes before the next bank; null: an open row"
    )
    tcl_ns: Number | None = _time("time from a read to its data")
    tcwl_ns: Number | None = _time("time from a write to its data")
    trcd_ns: Number | None = _time("time from opening a row to its first read or write")
    trp_ns: Number | None = _time("time to close the row of one bank")
    trp_all_ns: Number | None = _time("time to close the rows of all banks, before a refresh")
    tras_ns: Number | None = _time("least time from opening a row to closing it")
    trrd_ns: Number | None = _time("least time between the openings of two rows")
    tfaw_ns: Number | None = _time("time in which at most four rows may be opened")
    tccd_l_ns: Number | None = _time("least time between two accesses to one bank group")
    trtp_ns: Number | None = _time("least time from a read to closing its row")
    twr_ns: Number | None = _time("least time from written data to closing their row")
    twtr_ns: Number | None = _time("least time from written data to the next read")
    trtw_ns: Number | None = _time("least time from data read to data written")
    trefi_ns: Number | None = Field(None, ge=100, le=1e9, description="time from one refresh of all banks to the next")
    trfc_ns: Number | None = _time("duration of a refresh")
    write_share: Number = Field(0.3, ge=0, le=1, description="part of other software's traffic (cpu_share) that writes")


OF_WRITES = ("write_share", "tcwl_ns", "twr_ns", "twtr_ns", "trtw_ns")
"""Fields that only writes use; only other software writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """A DRAM with nothing left open. Times in ps.

    ``rotated``: groups that consecutive accesses rotate over; ``access``: for how long one access holds its channel's
    bus, ``spacing``: from one to the next of a long read. ``others``: bytes of other software for each byte of ours.
    """

    channels: int
    bank_groups: int
    banks: int
    row_bytes: int
    access_bytes: int
    rotated: int
    channel_bytes: int
    bank_bytes: int
    access: int
    spacing: int
    tcl: int
    tcwl: int
    trcd: int
    trp: int
    trp_all: int
    tras: int
    trrd: int
    tfaw: int
    trtp: int
    twr: int
    twtr: int
    trtw: int
    trefi: int
    trfc: int
    others: Fraction
    write_share: Fraction

    @property
    def open_bytes(self) -> int:
        """Consecutive bytes of a channel that are in rows which are open together."""
        return self.row_bytes * self.rotated


@cache
def table() -> Mapping[str, Mapping[str, float]]:
    """The table's values for each kind of memory."""
    data: dict[str, dict[str, float]] = files.read_yaml(TABLE)
    return data


def timing_of(config: DramConfig) -> Timing:
    """The timing of a chip's DRAM. Raises ValueError, which names the field first, if its fields make no DRAM."""
    kinds = table()
    of_kind = kinds.get(config.kind or "")
    if of_kind is None:
        raise ValueError(f"dram.kind: a banked DRAM is one of {', '.join(kinds)}, whose timings are known")
    said: dict[str, Any] = {**of_kind, **BankedParameters(**config.parameters).model_dump(exclude_none=True)}
    channels = _channels(config, said)
    rotated = said["bank_groups"] if said["group_rotation"] else 1
    access = ceil(as_decimal(said["access_bytes"] * channels * 10**12) / as_decimal(config.bytes_per_second))
    times = {name.removesuffix("_ns"): round(said[name] * PICO) for name in said if name.endswith("_ns")}
    of_one_group = times.pop("tccd_l")
    share = as_decimal(config.cpu_share)
    timing = Timing(
        channels=channels,
        bank_groups=said["bank_groups"],
        banks=said["banks"],
        row_bytes=said["row_bytes"],
        access_bytes=said["access_bytes"],
        rotated=rotated,
        channel_bytes=said["channel_bytes"],
        bank_bytes=said.get("bank_bytes", said["row_bytes"] * rotated),
        access=access,
        spacing=max(access, ceil_div(of_one_group, rotated)),
        others=share / (1 - share),
        write_share=as_decimal(said["write_share"]),
        **times,
    )
    _check(timing)
    return timing


def _channels(config: DramConfig, said: Mapping[str, Any]) -> int:
    """The given number of channels, or the least power of two that delivers the rate.

    Raises ValueError for too many.
    """
    least, of_one = 1, said["channel_bytes_per_second"]
    while least * of_one < config.bytes_per_second:
        least *= 2
    if least > limits.DRAM_CHANNELS:
        why = f"its rate takes more than {limits.DRAM_CHANNELS:,} channels of {of_one / 1e9:g} GB/s each"
        raise ValueError(f"dram.parameters.channel_bytes_per_second: must be more, {why}")
    channels: int = said.get("channels", least)
    if channels * of_one < config.bytes_per_second:
        why = f"one channel of {config.kind} delivers at most {of_one / 1e9:g} GB/s"
        raise ValueError(f"dram.parameters.channels: must be at least {ceil(config.bytes_per_second / of_one)}, {why}")
    return channels


def _check(timing: Timing) -> None:
    """Raise ValueError, field first, for a channel that cannot be addressed."""
    for name, value, of, divisor in (
        ("banks", timing.banks, "bank_groups", timing.bank_groups),
        ("row_bytes", timing.row_bytes, "access_bytes", timing.access_bytes),
        ("channel_bytes", timing.channel_bytes, "access_bytes", timing.access_bytes),
        ("bank_bytes", timing.bank_bytes, "the bytes of open rows", timing.open_bytes),
    ):
        if value % divisor:
            raise ValueError(f"dram.parameters.{name}: must be a multiple of {of}, {divisor}")
    if timing.trfc >= timing.trefi:
        raise ValueError("dram.parameters.trfc_ns: must be less than trefi_ns")
