"""Unusual patterns in the audit log: what makes somebody who oversees ask a question. Pure.

Nothing here says that anybody did wrong. A pattern is one per person, place and period, so that it is told once; what
somebody looked into is told anew only for as much again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Final, Literal
from zoneinfo import ZoneInfo

from vms.rules.placements import Placement, distance_m

PatternCode = Literal["long_watch", "many_looks_back", "refused_often", "odd_hours"]

LOOKS_BACK: Final = frozenset({"footage.search", "footage.view", "footage.photo", "footage.motion", "footage.export"})
LOGINS: Final = ("login", "login.break_glass")
ENDINGS: Final = ("logout", "shifts.end", "session.end")
_ONE_LOOK: Final = timedelta(minutes=30)
"""Looking back with shorter pauses is one look."""
_LONGEST_LOGIN: Final = timedelta(hours=12)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Act:
    """A row of the audit log, as far as patterns need it. profile: of a live picture. whose: the session that ended."""

    seq: int
    at: datetime
    actor: str
    roles: frozenset[str]
    action: str
    camera: str
    allowed: bool
    workstation: str = ""
    profile: str = ""
    whose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What is still usual, as [oversight] of the configuration says it."""

    watch_minutes: int
    looks_back: int
    refusals: int
    office_from: time
    office_to: time
    round_the_clock: frozenset[str]


@dataclass(frozen=True, slots=True)
class Pattern:
    """period: the local day, its hour, or the week. figure passed bound; rows first_seq … last_seq of this actor."""

    code: PatternCode
    actor: str
    camera: str
    period: str
    figure: int
    bound: int
    first_seq: int
    last_seq: int


Handled = Mapping[tuple[str, str, str], int]
"""Up to which row somebody looked into it, by code, actor and camera of a pattern."""


def looked_at_since(now: datetime, zone: ZoneInfo) -> datetime:
    """When the week before this one began, by the site's clock: no day or week since then lacks its start."""
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday() + 7)
    return datetime.combine(monday, time(), zone).astimezone(UTC)


def patterns(
    acts: Sequence[Act],
    bounds: Bounds,
    places: Mapping[str, str],
    zone: ZoneInfo,
    now: datetime,
    handled: Handled,
) -> list[Pattern]:
    """acts: in the order of the log, of looked_at_since. places: which camera stands for a camera's place."""
    return [
        *_long_watches(acts, bounds, zone, now, handled),
        *_looks_back(acts, bounds, places, zone, handled),
        *_refused_often(acts, bounds, zone, handled),
        *_odd_hours(acts, bounds, zone, handled),
    ]


def places(cameras: Mapping[str, Placement], within_m: float) -> dict[str, str]:
    """Cameras that hang near each other are one place, told by the first of them. Each near one that is near counts."""
    leader: dict[str, str] = {}
    names = sorted(cameras)
    for name in names:
        if name in leader:
            continue
        leader[name] = name
        waiting = [name]
        while waiting:
            here = waiting.pop()
            near = [one for one in names if one not in leader and _is_near(cameras[here], cameras[one], within_m)]
            leader.update(dict.fromkeys(near, name))
            waiting += near
    return leader


def _is_near(a: Placement, b: Placement, within_m: float) -> bool:
    if a.lat is None or a.lon is None or b.lat is None or b.lon is None:
        return False
    return distance_m(a, b) <= within_m


def _long_watches(
    acts: Iterable[Act], bounds: Bounds, zone: ZoneInfo, now: datetime, handled: Handled
) -> list[Pattern]:
    watched: dict[tuple[str, str, str], list[tuple[Act, timedelta]]] = defaultdict(list)
    for act, length in _watches(acts, now):
        if act.seq > handled.get(("long_watch", act.actor, act.camera), 0):
            watched[act.actor, act.camera, _day(act.at, zone)].append((act, length))
    found = []
    for (actor, camera, day), seen in watched.items():
        minutes = int(sum((length for _, length in seen), timedelta(0)) / timedelta(minutes=1))
        if minutes >= bounds.watch_minutes:
            seqs = [act.seq for act, _ in seen]
            found.append(Pattern("long_watch", actor, camera, day, minutes, bounds.watch_minutes, seqs[0], seqs[-1]))
    return found


def _watches(acts: Iterable[Act], now: datetime) -> Iterator[tuple[Act, timedelta]]:
    """How long each was somebody's large picture: until another one was, they signed in again, or ENDINGS."""
    shown: dict[tuple[str, str], Act] = {}
    for act in acts:
        if not act.allowed:
            continue
        if act.action in ("shifts.end", "session.end"):  # wherever they are signed in
            over = [place for place in shown if place[0] == (act.whose or act.actor)]
        elif act.action in (*LOGINS, *ENDINGS) or (act.action == "live.watch" and act.profile == "hero"):
            over = [(act.actor, act.workstation)]
        else:
            continue
        yield from (_lasted(shown.pop(place), act.at) for place in over if place in shown)
        if act.action == "live.watch":
            shown[act.actor, act.workstation] = act
    yield from (_lasted(act, now) for act in shown.values())


def _lasted(watch: Act, until: datetime) -> tuple[Act, timedelta]:
    return watch, max(timedelta(0), min(until - watch.at, _LONGEST_LOGIN))


def _looks_back(
    acts: Iterable[Act], bounds: Bounds, places: Mapping[str, str], zone: ZoneInfo, handled: Handled
) -> list[Pattern]:
    by_week: dict[tuple[str, str, str], list[Act]] = defaultdict(list)
    for act in acts:
        place = places.get(act.camera, act.camera)
        is_look = act.action in LOOKS_BACK and act.allowed and place
        if is_look and act.seq > handled.get(("many_looks_back", act.actor, place), 0):
            by_week[act.actor, place, act.at.astimezone(zone).strftime("%G-W%V")].append(act)
    found = []
    for (actor, place, week), own in by_week.items():
        looks = 1 + sum(after.at - before.at > _ONE_LOOK for before, after in pairwise(own))
        if looks >= bounds.looks_back:
            seqs = own[0].seq, own[-1].seq
            found.append(Pattern("many_looks_back", actor, place, week, looks, bounds.looks_back, *seqs))
    return found


def _refused_often(acts: Iterable[Act], bounds: Bounds, zone: ZoneInfo, handled: Handled) -> list[Pattern]:
    by_actor: dict[str, list[Act]] = defaultdict(list)
    for act in acts:
        if not act.allowed and act.seq > handled.get(("refused_often", act.actor, ""), 0):
            by_actor[act.actor].append(act)
    return [pattern for actor, own in by_actor.items() for pattern in _bursts(actor, own, bounds.refusals, zone)]


def _bursts(actor: str, refused: Sequence[Act], bound: int, zone: ZoneInfo) -> list[Pattern]:
    """Each hour that holds too many; the next one begins after it."""
    found: list[Pattern] = []
    first, is_open = 0, False
    for last, act in enumerate(refused):
        if is_open and act.at - refused[first].at > _HOUR:
            first, is_open = last, False
        while act.at - refused[first].at > _HOUR:
            first += 1
        number = last - first + 1
        if number < bound:
            continue
        if is_open:
            found.pop()
        hour = f"{refused[first].at.astimezone(zone):%Y-%m-%dT%H}"
        found.append(Pattern("refused_often", actor, "", hour, number, bound, refused[first].seq, act.seq))
        is_open = True
    return found


def _odd_hours(acts: Iterable[Act], bounds: Bounds, zone: ZoneInfo, handled: Handled) -> list[Pattern]:
    """Of roles that work by day; figure and bound are minutes since midnight, of the first time on a day."""
    found: dict[tuple[str, str], Pattern] = {}
    for act in acts:
        if act.action not in LOGINS or not act.allowed or act.roles & bounds.round_the_clock:
            continue
        local = act.at.astimezone(zone)
        is_usual = bounds.office_from <= local.time() < bounds.office_to
        if is_usual or act.seq <= handled.get(("odd_hours", act.actor, ""), 0):
            continue
        bound = bounds.office_from if local.time() < bounds.office_from else bounds.office_to
        day = _day(act.at, zone)
        pattern = Pattern("odd_hours", act.actor, "", day, _minute(local.time()), _minute(bound), act.seq, act.seq)
        found[act.actor, day] = replace(found.get((act.actor, day), pattern), last_seq=act.seq)
    return list(found.values())


def _day(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).date().isoformat()


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
