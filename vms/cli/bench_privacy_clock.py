"""The clock of the privacy bench without waiting."""

from vms.units import US_PER_SECOND

START_US = 1_795_000_000_000_000


class VirtualClock:
    """Moves when told. The monotonic time is the same time."""

    def __init__(self) -> None:
        self.us = START_US

    def now_us(self) -> int:
        return self.us

    def monotonic_s(self) -> float:
        return self.us / US_PER_SECOND

    def sleep_s(self, duration_s: float) -> None:
        raise AssertionError(f"nothing here waits ({duration_s} s)")
