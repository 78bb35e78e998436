"""`vms bench mask --privacy`: does any picture that a viewer gets show a home window, whatever goes wrong?"""

import logging
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import typer

from ingest.simulator.faults import FaultsPatch
from ingest.simulator.street import Street
from ingest.simulator.street_server import StreetOptions, make_specs
from vms.cli.bench_privacy_calibration import calibrated
from vms.cli.bench_privacy_judge import Judge, Tally, Verdicts
from vms.cli.bench_privacy_path import Leg, LegKind, next_leg
from vms.cli.bench_privacy_pixels import LEAK_COLOUR
from vms.cli.bench_privacy_rig import Rig, running_rig
from vms.cli.bench_privacy_unmasked import Unmasked, watch_unmasked
from vms.cli.bench_privacy_virtual import VirtualSite
from vms.cli.options import answer
from vms.clock import Clock, SystemClock
from vms.errors import UitkijkError
from vms.units import US_PER_SECOND
from web.live.eyes import Door, Seat, watching

Patch = dict[str, Any]
_REST_S = 2.0
_MAX_SLOWNESS = 4.0
_PICTURES_PER_S = 10.0
"""Of each viewer, at least: a scenario that takes four times as long ends."""
KNOCK_DEG = 2.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """faults: of every camera during a leg, changed from leg to leg. special: see next_leg."""

    name: str
    faults: Callable[[random.Random, int], Patch] = lambda _rng, _leg: {}
    special: LegKind | None = None


def _in_turn(**fault: Any) -> Callable[[random.Random, int], Patch]:
    """Two legs with the fault, two without."""
    well = {"ptz_status": "honest", "clock_offset_s": 0.0, "knocked_deg": (0.0, 0.0)}
    return lambda _rng, leg: fault if leg // 2 % 2 else {name: well[name] for name in fault}


def _late(most_ms: int) -> Callable[[random.Random, int], Patch]:
    return lambda rng, _leg: {"ptz_status": "late", "ptz_status_late_ms": rng.randint(0, most_ms)}


def _steps(rng: random.Random, _leg: int) -> Patch:
    return {"clock_offset_s": rng.choice((-0.5, -0.2, 0.0, 0.2, 0.5, 30.0))}


SCENARIOS = (
    Scenario("honest"),
    Scenario("late 0-200 ms", _late(200)),
    Scenario("late 0-500 ms", _late(500)),
    Scenario("jittered 0-300 ms", lambda _rng, _leg: {"ptz_status": "jittered", "ptz_status_late_ms": 300}),
    Scenario("missing", _in_turn(ptz_status="missing")),
    Scenario("frozen", _in_turn(ptz_status="frozen")),
    Scenario("lying, 20 degrees off", _in_turn(ptz_status="lying")),
    Scenario("lying, opposite pan", _in_turn(ptz_status="opposite")),
    Scenario("lost packets, 2 %", lambda _rng, _leg: {"drop_packets_ratio": 0.02}),
    Scenario("pole knocked 2 degrees", _in_turn(knocked_deg=(KNOCK_DEG, 0.0))),
    Scenario("camera clock steps", _steps),
    Scenario("homed by another client", special="home"),
    Scenario("reboots", special="reboot"),
)


@dataclass(frozen=True, slots=True)
class PrivacyFigure:
    """leaked_frames: with a pixel of the reserved colour, or a window that is not grey. hidden: share of the street's
    pixels masked needlessly, blank pictures included. recovery_ms: after a stop, median and longest.

    disturbed_windows: their grey is uneven, but shows nothing of what was there. Shares in per cent; None = not
    measured. checked_frames: those whose windows were compared with the truth.
    """

    scenario: str
    frames: int
    leaked_frames: int
    leaked_pixels: int
    worst_pixels: int
    checked_frames: int
    windows: int
    bare_windows: int
    disturbed_windows: int
    blank_pct: float
    hidden_standing_pct: float | None
    hidden_turning_pct: float | None
    stops: int
    recovery_ms: tuple[float, float] | None
    unjudged: int


@dataclass(frozen=True, slots=True)
class PrivacyOptions:
    """frames: over all scenarios. cameras: of the street; every third one turns. only: names that start like this.

    calibrated: those that turn were calibrated before.
    """

    frames: int
    cameras: int
    seed: int
    only: tuple[str, ...]
    keep: Path | None
    virtual: bool = False
    calibrated: bool = True


def chosen(only: Sequence[str]) -> list[Scenario]:
    """Raises UitkijkError for a name that fits none."""
    unknown = [name for name in only if not any(scenario.name.startswith(name) for scenario in SCENARIOS)]
    if unknown:
        known = ", ".join(scenario.name for scenario in SCENARIOS)
        raise UitkijkError(f"no scenario {unknown[0]!r} (known: {known})")
    return [s for s in SCENARIOS if not only or any(s.name.startswith(name) for name in only)]


def bench_privacy(options: PrivacyOptions, *, as_json: bool) -> None:
    """Exit code 1 when anything leaked."""
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
    run = run_virtual if options.virtual else run_privacy
    found = run(options, lambda line: typer.echo(line, err=True))
    line = f"{found['leaked_frames']} of {found['frames']} pictures show a home window"
    answer(found, [line], as_json=as_json)
    if found["leaked_frames"]:
        raise typer.Exit(1)


def run_privacy(options: PrivacyOptions, say: Callable[[str], None]) -> dict[str, Any]:
    """The whole bench; `say` gets a line as each scenario ends."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    scenarios, clock, street = chosen(options.only), SystemClock(), Street()
    figures = []
    with (
        tempfile.TemporaryDirectory(prefix="uitkijk-privacy-") as directory,
        running_rig(Path(directory), options.cameras, clock) as rig,
    ):
        for camera in rig.cameras if options.calibrated else ():
            say(rig.calibrate(camera))
        unmasked = watch_unmasked(rig, street, random.Random(options.seed), clock)  # noqa: S311
        say(unmasked_line(unmasked))
        judge = Judge(rig, Verdicts(street, rig.cameras, options.keep))
        seats = [Seat(camera, profile) for camera in rig.cameras for profile in ("tile", "hero")]
        with watching(Door(rig.base_url, rig.headers), seats, judge.take):
            for scenario in scenarios:
                rng = random.Random(f"{options.seed} {scenario.name}")  # noqa: S311
                tally = _play(rig, judge, scenario, rng, -(-options.frames // len(scenarios)), clock)
                figures.append(_figure(scenario.name, tally))
                say(figure_line(figures[-1]))
        judge.close()
    viewers = [f"{seat.camera}/{seat.profile}" for seat in seats]
    return _document(options, figures) | {"viewers": viewers, "unmasked": asdict(unmasked)}


def run_virtual(options: PrivacyOptions, say: Callable[[str], None]) -> dict[str, Any]:
    """The same scenarios on a clock of their own; one camera, seen as tile and as hero."""
    scenarios, street = chosen(options.only), Street()
    spec = make_specs(StreetOptions(cameras=1, password=""))[0]
    calibration = calibrated(street, spec, say) if options.calibrated else None
    figures = []
    for scenario in scenarios:
        rng = random.Random(f"{options.seed} {scenario.name}")  # noqa: S311
        verdicts = Verdicts(street, {spec.id: spec}, options.keep, exact=True)
        site = VirtualSite(street, spec, verdicts, rng, calibration)
        site.run_until(site.clock.us + round(_REST_S * US_PER_SECOND))
        site.tally = Tally(scenario.name)
        number = 0
        while site.tally.counts["frames"] < -(-options.frames // len(scenarios)):
            FaultsPatch.model_validate(scenario.faults(rng, number)).apply(site.camera.faults)
            here = site.truth(site.clock.us)
            site.drive(next_leg(rng, number, here.view, here.zoom, scenario.special))
            number += 1
        figures.append(_figure(scenario.name, site.tally))
        say(figure_line(figures[-1]))
    return _document(options, figures)


def _document(options: PrivacyOptions, figures: Sequence[PrivacyFigure]) -> dict[str, Any]:
    return {
        "seed": options.seed,
        "calibrated": options.calibrated,
        "leak_colour_threshold": LEAK_COLOUR,
        "frames": sum(figure.frames for figure in figures),
        "leaked_frames": sum(figure.leaked_frames for figure in figures),
        "figures": [asdict(figure) for figure in figures],
    }


def _play(rig: Rig, judge: Judge, scenario: Scenario, rng: random.Random, frames: int, clock: Clock) -> Tally:
    """Drive every PTZ camera in turn through the scenario until so many pictures were judged."""
    rig.clear_faults()
    judge.reads_clocks = True
    clock.sleep_s(_REST_S)
    tally = judge.begin(scenario.name)
    deadline_s = clock.monotonic_s() + _MAX_SLOWNESS * (frames / _PICTURES_PER_S / (2 * len(rig.cameras))) + 10
    number = 0
    while tally.counts["frames"] < frames and clock.monotonic_s() < deadline_s:
        camera = list(rig.cameras)[number % len(rig.cameras)]
        leg_number = number // len(rig.cameras)
        patch = scenario.faults(rng, leg_number)
        judge.reads_clocks = "clock_offset_s" not in patch
        if patch:
            rig.fault(camera, **patch)
        _drive(rig, camera, rng, leg_number, scenario.special, clock)
        number += 1
    rig.clear_faults()
    judge.drain(clock.sleep_s)
    return tally


def _drive(rig: Rig, camera: str, rng: random.Random, number: int, special: LegKind | None, clock: Clock) -> None:
    here = rig.truth(camera)
    leg: Leg = next_leg(rng, number, here.view, here.zoom, special)
    rig.drive(camera, leg)
    clock.sleep_s(leg.rest_s)


def _figure(name: str, tally: Tally) -> PrivacyFigure:
    counts, recoveries = tally.counts, tally.recoveries_ms()
    return PrivacyFigure(
        scenario=name,
        frames=counts["frames"],
        leaked_frames=counts["leaked_frames"],
        leaked_pixels=counts["leaked_pixels"],
        worst_pixels=tally.worst_pixels,
        checked_frames=counts["checked"],
        windows=counts["windows"],
        bare_windows=counts["bare_windows"],
        disturbed_windows=counts["disturbed_windows"],
        blank_pct=round(100 * counts["blank"] / max(1, counts["frames"]), 1),
        hidden_standing_pct=_per_cent(tally.hidden_share(turning=False)),
        hidden_turning_pct=_per_cent(tally.hidden_share(turning=True)),
        stops=len(recoveries),
        recovery_ms=(round(median(recoveries)), round(recoveries[-1])) if recoveries else None,
        unjudged=counts["unjudged"],
    )


def _per_cent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def unmasked_line(unmasked: Unmasked) -> str:
    return (
        f"unmasked stream: window colour found in {unmasked.found} of {unmasked.with_windows} pictures with windows, "
        f"{unmasked.bare_windows} of {unmasked.windows} windows seen bare, "
        f"{unmasked.pixels_found_pct:.1f} % of their pixels"
    )


def figure_line(figure: PrivacyFigure) -> str:
    recovery = "–" if figure.recovery_ms is None else f"{figure.recovery_ms[0]:.0f}/{figure.recovery_ms[1]:.0f} ms"
    return (
        f"{figure.scenario:24} {figure.frames:5} frames  {figure.leaked_frames:4} leaked ({figure.leaked_pixels} px, "
        f"{figure.bare_windows} bare windows)  blank {figure.blank_pct:5.1f} %  hidden standing "
        f"{figure.hidden_standing_pct} %, turning {figure.hidden_turning_pct} %  recovery {recovery}"
    )
