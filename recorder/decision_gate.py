"""Lets a camera's pictures through only while a decision covers its place: none is kept or passed on outside.

It waits for nothing: what the decisions say is in memory (vms.decision_file.DecisionBook).
"""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Final

from vms.packet import Packet
from vms.rules.gating import Gate, Standing
from vms.units import CameraId, utc_from_us

log = logging.getLogger(__name__)

GateOf = Callable[[str, int], Gate]
"""Of a camera, at a server time."""


class DecisionGate:
    """admit: the streams' threads. look: one thread, now and then. is_open: as of the last look; any thread."""

    def __init__(self, camera_id: CameraId, gate_of: GateOf, now_us: int) -> None:
        self._camera_id: Final = camera_id
        self._gate_of = gate_of
        self._looked_us = now_us
        self.is_open = True

    def admit(self, packets: Sequence[Packet]) -> Sequence[Packet]:
        """Those that came in inside a decision. packets: what one read brought, at least one."""
        first, last = (self._gate_of(self._camera_id, packets[at].received_us).is_open for at in (0, -1))
        if first and last:
            return packets
        return [packet for packet in packets if self._gate_of(self._camera_id, packet.received_us).is_open]

    def standing(self, at_us: int) -> Standing:
        """On what footage of that moment stands. Any thread."""
        gate = self._gate_of(self._camera_id, at_us)
        return Standing(gate.decision_id or None, gate.placement_id or None)

    def look(self, now_us: int) -> tuple[Gate, int] | None:
        """The gate and since when, if it opened or closed since the last look."""
        gate, before_us = self._gate_of(self._camera_id, now_us), self._looked_us
        self._looked_us = now_us
        if gate.is_open == self.is_open:
            return None
        self.is_open = gate.is_open
        ended_us = gate.since_us if gate.state == "expired" and gate.since_us is not None else now_us
        fields = {"camera": self._camera_id, "gate": gate.state, "decision": gate.number}
        log.info("decision_gate_opened" if gate.is_open else "decision_gate_closed", extra=fields)
        return gate, ended_us if before_us < ended_us <= now_us else now_us


def explanation(gate: Gate) -> str:
    """For the gap: which decision, and since when."""
    at = "" if gate.since_us is None else utc_from_us(gate.since_us).astimezone(UTC).isoformat(timespec="minutes")
    match gate.state:
        case "expired":
            return f"decision {gate.number} ended at {at}"
        case "pending":
            return f"decision {gate.number} begins at {at}"
        case "unknown":
            return "the register of decisions is not known here"
        case _:
            return "no decision covers this place"
