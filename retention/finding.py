"""What the proof of erasure may find wrong."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """code: R1 too old on disk · R2 erased footage on disk · R3 ledger broken · R4 erasure without ledger entry ·
    R5 old footage in the catalog · R6 key outlived its footage · R7 volume not mounted · R8 foreign file ·
    R9 a seal does not fit the ledger · R10 secured footage missing, changed or locked · R11 a copy outlived its hold ·
    R12 a file in the evidence store that belongs to no hold."""

    code: str
    subject: str
    text: str
