"""From a camera's 32-bit RTP timestamps to the stream's own clock: unwrapped, strictly increasing, tied to UTC. Pure.

RTP counts 1/90 000 s and wraps after 13 h 15 min. Cameras repeat timestamps, let them fall back a little, and
let them leap when their clock is set. Small faults are repaired by one tick and counted; a leap starts a new run.
"""

from collections import deque
from typing import NamedTuple

from vms.units import TICKS_PER_SECOND, us_from_90k

MAX_FORWARD_90k = 10 * TICKS_PER_SECOND
"""A longer step forward is not a pause of this stream: its clock leapt."""
MAX_BACKWARD_90k = TICKS_PER_SECOND // 2
"""B-pictures come later than the picture they are shown before; further back than this the clock leapt."""
MAX_REORDER = 16
_WRAP = 1 << 32
_DEFAULT_FRAME_90k = TICKS_PER_SECOND // 25


class Stamp(NamedTuple):
    """When a picture is shown and decoded. repaired: the camera's timestamp would have broken the order."""

    pts_90k: int
    dts_90k: int
    camera_utc_us: int | None
    starts_run: bool
    repaired: bool


def signed_step_90k(timestamp: int, before: int) -> int:
    """The shorter way round the 32-bit circle: −2³¹ … 2³¹ − 1."""
    return (timestamp - before + _WRAP // 2) % _WRAP - _WRAP // 2


class StreamTimeline:
    """The time axis of one stream. One thread.

    reorder: how many pictures may come between a picture and its place in display order (0 without B-pictures).
        The DTS then follow from the PTS: the smallest of the last reorder + 1, as every picture waits its turn.
    """

    def __init__(self, reorder: int = 0) -> None:
        self._reorder = min(max(reorder, 0), MAX_REORDER)
        self._last_timestamp: int | None = None
        self._usual_step_90k = _DEFAULT_FRAME_90k
        self._leapt = False
        self._pts_90k = 0
        self._dts_90k = 0
        self._waiting: deque[int] = deque()
        self._report: tuple[int, int] | None = None
        self._loose_report: tuple[int, int] | None = None
        self.repaired = 0
        """Pictures whose DTS was moved."""
        self.leaps = 0
        """How often the camera's clock leapt."""

    def restart(self, reorder: int | None = None) -> None:
        """The next picture starts a run: new session, new RTP stream or changed SPS."""
        if reorder is not None:
            self._reorder = min(max(reorder, 0), MAX_REORDER)
        if self._report is not None and self._last_timestamp is not None:
            report_pts_90k, utc_us = self._report
            self._loose_report = ((self._last_timestamp + report_pts_90k - self._pts_90k) % _WRAP, utc_us)
        self._last_timestamp = None

    def stamp(self, rtp_timestamp: int, *, is_keyframe: bool = True) -> Stamp:
        """The next picture in decoding order, by its RTP timestamp (32 bits).

        A run starts at a keyframe only. Where the clock leaps between two keyframes, the pictures up to the next
        one follow at the usual distance: they still decode, so they belong to the run that they continue.
        """
        step_90k = 0
        starts_run = self._last_timestamp is None
        if self._last_timestamp is not None:
            step_90k = signed_step_90k(rtp_timestamp, self._last_timestamp)
            if not -MAX_BACKWARD_90k <= step_90k <= MAX_FORWARD_90k:
                self.leaps += 1
                self._leapt = True
                step_90k = self._usual_step_90k
            elif step_90k > 0:
                self._usual_step_90k = step_90k
            starts_run = self._leapt and is_keyframe
        self._pts_90k += step_90k
        self._last_timestamp = rtp_timestamp
        if starts_run:
            self._begin_run(rtp_timestamp)
        dts_90k, repaired = self._next_dts(starts_run=starts_run)
        pts_90k = max(self._pts_90k, dts_90k)
        return Stamp(pts_90k, dts_90k, self._camera_utc_us(pts_90k), starts_run, repaired)

    def sender_report(self, rtp_timestamp: int, utc_us: int) -> None:
        """The camera says: at its time `utc_us` the RTP clock stood at `rtp_timestamp`."""
        if self._last_timestamp is not None:
            step_90k = signed_step_90k(rtp_timestamp, self._last_timestamp)
            if abs(step_90k) <= MAX_FORWARD_90k:
                self._report = (self._pts_90k + step_90k, utc_us)
                if self._leapt:
                    self._loose_report = (rtp_timestamp, utc_us)
                return
        self._loose_report = (rtp_timestamp, utc_us)  # of the run that is about to begin, if of any

    def _begin_run(self, rtp_timestamp: int) -> None:
        self._leapt = False
        self._pts_90k = rtp_timestamp
        self._waiting.clear()
        self._report = None
        if self._loose_report is not None:
            step_90k = signed_step_90k(self._loose_report[0], rtp_timestamp)
            if abs(step_90k) <= MAX_FORWARD_90k:
                self._report = (rtp_timestamp + step_90k, self._loose_report[1])
            self._loose_report = None

    def _next_dts(self, *, starts_run: bool) -> tuple[int, bool]:
        if starts_run:
            # The pictures that would have filled the reorder window, had the stream begun earlier.
            self._waiting.extend(self._pts_90k - _DEFAULT_FRAME_90k * n for n in range(self._reorder, 0, -1))
        smallest = self._pts_90k
        if self._waiting:
            self._waiting.append(smallest)
            smallest = min(self._waiting)
            self._waiting.remove(smallest)
        repaired = not starts_run and smallest <= self._dts_90k
        self._dts_90k = self._dts_90k + 1 if repaired else smallest
        self.repaired += repaired
        return self._dts_90k, repaired

    def _camera_utc_us(self, pts_90k: int) -> int | None:
        if self._report is None:
            return None
        report_pts_90k, utc_us = self._report
        return utc_us + us_from_90k(pts_90k - report_pts_90k)
