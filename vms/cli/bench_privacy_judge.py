"""Judges every picture that a viewer of the privacy bench received, in a thread of its own."""

import queue
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median

import av
import cv2
import httpx
import numpy as np

from ingest.simulator.model import SimCameraSpec
from ingest.simulator.overlay import read_clock_us
from ingest.simulator.street import Street
from vms.cli.bench_privacy_pixels import Planes, is_blank, leaked_pixels, planes_of
from vms.cli.bench_privacy_rig import Rig, Truth
from vms.cli.bench_privacy_truth import Hidden, StreetTruth
from vms.units import TICKS_PER_SECOND, us_from_90k
from web.live.eyes import Seat

_MAX_WAITING = 150
_BUSY = 25
"""With more pictures waiting the dearest comparison, of over-masking, is left out."""
_READINGS = 25
_SAME_US = 40_000
_MAX_GAP_90K = 10 * TICKS_PER_SECOND
_MAX_KEPT = 6
SETTLED_US = (800_000, 1_500_000)
"""After a stop: what is masked then is what must be."""
_RECOVERED_SLACK = 0.03


@dataclass(frozen=True, slots=True)
class Glance:
    """One picture compared with the truth. still_us: since the camera stopped, None while it moves.

    hidden: what of the street is masked needlessly, None = not compared.
    """

    at_us: int
    still_us: int | None
    hidden: Hidden | None


@dataclass(frozen=True, slots=True)
class Moment:
    at_us: int
    truth: Truth


@dataclass(slots=True)
class Tally:
    """Of one scenario. checked: pictures whose windows were compared one by one with where they truly were."""

    scenario: str
    counts: Counter[str] = field(default_factory=Counter)
    worst_pixels: int = 0
    glances: dict[str, list[Glance]] = field(default_factory=dict)

    def hidden_share(self, *, turning: bool) -> float | None:
        """Of all street pixels in the pictures of a turning or standing camera; None = not compared."""
        found = [
            glance.hidden
            for glances in self.glances.values()
            for glance in glances
            if glance.hidden is not None
            and (glance.still_us is None if turning else (glance.still_us or 0) >= SETTLED_US[0])
        ]
        return Hidden(sum(it.hidden for it in found), sum(it.street for it in found)).share if found else None

    def recoveries_ms(self) -> list[float]:
        """Per stop: until no more was masked than a second later."""
        return sorted(ms for glances in self.glances.values() for ms in _recoveries_ms(glances))


class FrameClock:
    """When a picture was taken: by the clock burned into it, or by its RTP time once one of those was read.

    RTP times begin anew with each session.
    """

    def __init__(self) -> None:
        self._offsets_us: deque[int] = deque(maxlen=_READINGS)
        self._astray = 0
        self._last_90k = 0

    def at_us(self, pts_90k: int, burned_us: int | None) -> int | None:
        if not 0 <= pts_90k - self._last_90k <= _MAX_GAP_90K:
            self._offsets_us.clear()
        self._last_90k = pts_90k
        stream_us = us_from_90k(pts_90k)
        if burned_us is not None:
            offset_us = burned_us - stream_us
            known_us = median(self._offsets_us) if self._offsets_us else offset_us
            self._astray = self._astray + 1 if abs(offset_us - known_us) > _SAME_US else 0
            if self._astray > 3:
                self._offsets_us.clear()
            if not self._astray or not self._offsets_us:
                self._offsets_us.append(offset_us)
        return stream_us + round(median(self._offsets_us)) if self._offsets_us else None


class Verdicts:
    """One thread's. judge() says what one picture shows; `keep`: where some of those that leak are kept.

    exact: the moments of pictures are known exactly, so that what is seen can be compared with what was there.
    """

    def __init__(
        self, street: Street, specs: Mapping[str, SimCameraSpec], keep: Path | None, *, exact: bool = False
    ) -> None:
        self._keep, self._exact = keep, exact
        self._truths = {camera: StreetTruth(street, spec) for camera, spec in specs.items()}
        self._still_since_us: dict[Seat, int] = {}
        self._kept: Counter[str] = Counter()

    def judge(self, seat: Seat, frame: av.VideoFrame, moment: Moment | None, tally: Tally, *, thorough: bool) -> None:
        """moment: when it was taken, and where the camera looked then; None = unknown. thorough: over-masking too."""
        planes, counts = planes_of(frame), tally.counts
        blank, leaked, bare = is_blank(planes), leaked_pixels(planes), 0
        counts["frames"] += 1
        counts["blank"] += blank
        counts["leaked_pixels"] += leaked
        tally.worst_pixels = max(tally.worst_pixels, leaked)
        if moment is not None:
            bare = self._compare(seat, planes, moment, tally, blank=blank, thorough=thorough)
        counts["leaked_frames"] += leaked > 0 or bare > 0
        if leaked or bare:
            self._keep_picture(seat, frame, f"{tally.scenario}-{leaked}px-{bare}bare")

    def _compare(self, seat: Seat, planes: Planes, moment: Moment, tally: Tally, *, blank: bool, thorough: bool) -> int:
        """How many windows are bare; the rest goes into the tally."""
        truth = self._truths[seat.camera]
        windows = truth.windows(planes, moment.truth.view)
        tally.counts["checked"] += 1
        tally.counts["windows"] += windows.seen
        bare = truth.shown(planes, windows, moment.at_us, moment.truth.view) if self._exact else len(windows.bare)
        tally.counts["bare_windows"] += bare
        tally.counts["disturbed_windows"] += len(windows.bare) - bare
        hidden: Hidden | None = None
        if thorough and blank:
            street = int(np.count_nonzero(~windows.marks))
            hidden = Hidden(street, street)
        elif thorough:
            hidden = truth.hidden(planes, windows.marks, moment.at_us, moment.truth.view)
        glance = Glance(moment.at_us, self._still_us(seat, moment), hidden)
        tally.glances.setdefault(f"{seat.camera}/{seat.profile}", []).append(glance)
        return bare

    def _still_us(self, seat: Seat, moment: Moment) -> int | None:
        """Counted from the last picture of the move."""
        if moment.truth.moving:
            self._still_since_us[seat] = moment.at_us
            return None
        return moment.at_us - self._still_since_us.get(seat, 0)

    def _keep_picture(self, seat: Seat, frame: av.VideoFrame, name: str) -> None:
        if self._keep is None or self._kept[name.partition("-")[0]] >= _MAX_KEPT:
            return
        self._kept[name.partition("-")[0]] += 1
        file = self._keep / f"{name}-{seat.camera}-{seat.profile}-{frame.pts}.png"
        cv2.imwrite(str(file), frame.to_ndarray(format="bgr24"))


class Judge:
    """take() from the viewers' thread; judged in a thread of its own. begin() starts the tally of a scenario.

    reads_clocks: the clocks burned into the pictures are right now.
    """

    def __init__(self, rig: Rig, verdicts: Verdicts) -> None:
        self._rig = rig
        self._verdicts = verdicts
        self._clocks: dict[Seat, FrameClock] = {}
        self._queue: queue.Queue[tuple[Seat, av.VideoFrame, Tally] | None] = queue.Queue(_MAX_WAITING)
        self._thread = threading.Thread(target=self._run, name="judge", daemon=True)
        self._tally = Tally("")
        self.reads_clocks = True
        self._thread.start()

    def begin(self, scenario: str) -> Tally:
        self._tally = Tally(scenario)
        return self._tally

    def take(self, seat: Seat, frame: av.VideoFrame) -> None:
        try:
            self._queue.put_nowait((seat, frame, self._tally))
        except queue.Full:
            self._tally.counts["unjudged"] += 1

    def drain(self, sleep: Callable[[float], None]) -> None:
        """Until everything taken so far has been judged."""
        while not self._queue.empty():
            sleep(0.05)

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join(30)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            seat, frame, tally = item
            thorough = seat.profile == "tile" and self._queue.qsize() < _BUSY
            self._verdicts.judge(seat, frame, self._moment(seat, frame), tally, thorough=thorough)

    def _moment(self, seat: Seat, frame: av.VideoFrame) -> Moment | None:
        burned_us = read_clock_us(planes_of(frame).y) if self.reads_clocks else None
        at_us = self._clocks.setdefault(seat, FrameClock()).at_us(frame.pts or 0, burned_us)
        if at_us is None:
            return None
        try:
            return Moment(at_us, self._rig.truth(seat.camera, at_us))
        except httpx.HTTPError:
            return None


def _recoveries_ms(glances: list[Glance]) -> list[float]:
    found: list[float] = []
    stop: list[Glance] = []
    for glance in [*glances, Glance(0, None, None)]:
        if glance.still_us is not None:
            stop.append(glance)
            continue
        if (recovered := _recovery_us(stop)) is not None:
            found.append(recovered / 1000)
        stop = []
    return found


def _recovery_us(stop: list[Glance]) -> int | None:
    """None: not watched for long enough."""
    seen = [
        (glance.still_us, glance.hidden.share)
        for glance in stop
        if glance.still_us is not None and glance.hidden is not None
    ]
    settled = [hidden for still_us, hidden in seen if SETTLED_US[0] <= still_us <= SETTLED_US[1]]
    if len(settled) < 3 or seen[0][0] > SETTLED_US[0] / 2:
        return None
    limit = fmean(settled) + _RECOVERED_SLACK
    late = [still_us for still_us, hidden in seen if still_us < SETTLED_US[0] and hidden > limit]
    after = [still_us for still_us, _ in seen if still_us > (max(late) if late else -1)]
    return min(after)
