"""When a viewer's connection is too poor for the full picture, and when it gets that back. Pure.

Judged by what the viewer's receiver reports (RTCP, about one a second) say was lost on the way. Stepping down takes
seconds of loss, stepping up a longer calm; who relapses soon after that waits twice as long the next time, so a
connection that just cannot carry the full picture does not go up and down all day. Times are monotonic seconds.
"""

from dataclasses import dataclass, replace

BAD_LOSS = 0.08
"""Of the packets: retransmission repairs less than this without anybody seeing it."""
BAD_FOR_S = 3.0
FORGIVEN_S = 2.5
"""After so long without a bad report the count starts anew."""
CALM_LOSS = 0.02
CALM_FOR_S = 20.0
MAX_CALM_S = 320.0
RELAPSE_S = 60.0
SILENCE_S = 10.0
"""Nothing heard for so long is no calm."""


@dataclass(frozen=True, slots=True)
class LinkQuality:
    """is_reduced: the viewer gets the small stream instead of the full one. calm_for_s: how long until it goes up."""

    is_reduced: bool = False
    calm_for_s: float = CALM_FOR_S
    heard_s: float = float("-inf")
    bad_since_s: float | None = None
    bad_s: float = float("-inf")
    calm_since_s: float | None = None
    went_up_s: float = float("-inf")


def after_report(quality: LinkQuality, loss: float, now_s: float) -> LinkQuality:
    """loss: share of the packets since the report before, 0…1."""
    if quality.is_reduced:
        return _reduced(quality, loss, now_s)
    if loss < BAD_LOSS:
        return replace(quality, heard_s=now_s)
    since_s = quality.bad_since_s
    if since_s is None or now_s - quality.bad_s > FORGIVEN_S:
        since_s = now_s
    if now_s - since_s < BAD_FOR_S:
        return replace(quality, heard_s=now_s, bad_since_s=since_s, bad_s=now_s)
    relapsed = now_s - quality.went_up_s < RELAPSE_S
    calm_for_s = min(MAX_CALM_S, quality.calm_for_s * 2) if relapsed else CALM_FOR_S
    return LinkQuality(is_reduced=True, calm_for_s=calm_for_s, heard_s=now_s)


def _reduced(quality: LinkQuality, loss: float, now_s: float) -> LinkQuality:
    if loss > CALM_LOSS:
        return replace(quality, heard_s=now_s, calm_since_s=None)
    since_s = quality.calm_since_s
    if since_s is None or now_s - quality.heard_s > SILENCE_S:
        since_s = now_s
    if now_s - since_s < quality.calm_for_s:
        return replace(quality, heard_s=now_s, calm_since_s=since_s)
    return LinkQuality(calm_for_s=quality.calm_for_s, heard_s=now_s, went_up_s=now_s)
