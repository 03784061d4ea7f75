"""Policies: which of the streams that wait is served next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import heappop, heappush

from nnasim.ir.shared import Policy
from nnasim.sharing.streams import Stream

Rank = tuple[int, ...]

RANKS: Mapping[Policy, Callable[[Stream], Rank]] = {
    # The stream whose audio has waited longest. So a frame's calls follow each other, unless older audio comes between.
    "fifo": lambda stream: (stream.earliest, stream.place),
    # The first model that waits, whatever the others wait for; of its streams, the one whose audio has waited longest.
    "priority": lambda stream: (stream.model, stream.earliest, stream.place),
    # The stream that was served longest ago: a call each, in turn, as long as all of them wait.
    "round_robin": lambda stream: (stream.last_served, stream.place),
}
"""The least goes first; a rank does not change while its stream waits."""


class Waiting:
    """The streams whose next call may run, in a policy's order. Calls that are alike can leave as one batch."""

    def __init__(self, policy: Policy) -> None:
        self._rank = RANKS[policy]
        self._queues: dict[int, list[tuple[Rank, Stream]]] = {}  # by what makes calls alike

    def __bool__(self) -> bool:
        return any(self._queues.values())

    def add(self, stream: Stream) -> None:
        """Note that the next call of ``stream`` may run from now on."""
        heappush(self._queues.setdefault(stream.alike, []), (self._rank(stream), stream))

    def take(self, most: int, may_begin: Callable[[Stream, int], bool]) -> list[Stream]:
        """The next stream, and up to ``most`` - 1 with the same call, in the order of the policy; empty if none may
        begin.

        ``may_begin`` is asked in that order, with the first of each kind of call, and how many join it.
        """
        for queue in sorted((queue for queue in self._queues.values() if queue), key=lambda queue: queue[0][0]):
            number = min(most, len(queue))
            if may_begin(queue[0][1], number):
                return [heappop(queue)[1] for _ in range(number)]
        return []
