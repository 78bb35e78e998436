from ingest.health import HealthMeter
from tests.fakes import T0_US, packet


def meter_with(packets):
    meter = HealthMeter(T0_US)
    meter.connected("h264", again=False)
    meter.state("up", "", T0_US)
    for one in packets:
        meter.packets([one], 640, 360)
    return meter


def test_rates_are_those_of_the_last_seconds():
    data = b"x" * 4000
    health = meter_with([packet(n, data=data) for n in range(100)]).health()
    assert (health.fps, health.gop_s, health.bitrate_bps) == (12.5, 0.96, 400_000)
    assert (health.width, health.height, health.codec) == (640, 360, "h264")
    assert health.last_frame_us == packet(99).received_us


def test_a_stream_that_is_down_has_no_rates():
    meter = meter_with([packet(n) for n in range(30)])
    meter.state("stalled", "no picture", T0_US + 9)
    assert (meter.health().fps, meter.health().bitrate_bps, meter.health().since_us) == (0, 0, T0_US + 9)


def test_since_moves_only_with_the_state():
    meter = HealthMeter(T0_US)
    meter.state("unreachable", "a", T0_US + 1)
    meter.state("unreachable", "b", T0_US + 2)
    assert (meter.health().since_us, meter.health().detail) == (T0_US + 1, "b")


def test_losses_and_reconnects_add_up():
    meter = meter_with([packet(0)._replace(lost_before=3), packet(1)._replace(lost_before=4)])
    meter.connected("h264", again=True)
    assert (meter.health().lost_packets, meter.health().reconnects) == (7, 1)


def test_skew_is_the_report_that_was_delayed_least_until_a_clock_is_set():
    meter = HealthMeter(T0_US)
    for delay_us in (200_000, 4_000, 90_000):
        meter.sender_report(T0_US + 500_000, T0_US + delay_us)
    assert meter.health().skew_ms == 496
    meter.sender_report(T0_US - 60_000_000, T0_US)
    assert meter.health().skew_ms == -60_000
