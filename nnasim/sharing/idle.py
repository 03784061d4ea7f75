"""Settings of a run of several streams that change nothing in it. Light, since they are looked at before any work."""

from __future__ import annotations

from collections.abc import Iterator


def idle_settings(
    traces: int, streams: int | None, *, searched: bool, policy: str | None, starts: str | None, residents: str | None
) -> Iterator[tuple[str, str, str]]:
    """(name, value, reason) of each setting that changes nothing in a run of so many traces. None: not given.

    ``searched``: whether the number of streams is looked for, so that there are several. What is the default anyway
    is never among them.
    """
    one_each = not searched and streams in (None, 1)
    if residents is not None and traces == 1:
        yield "residents", residents, "for one trace, whose weights take no turns"
    if policy not in (None, "fifo") and traces == 1 and one_each:
        yield "policy", str(policy), "for one stream, whose call is always next: say how many with `streams`"
    elif policy == "priority" and traces == 1:
        yield "policy", policy, "for one trace, whose streams have one priority"
    if starts not in (None, "even") and one_each:
        yield "starts", str(starts), "for one stream of a trace: say how many with `streams`"
