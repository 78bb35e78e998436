"""Hash chains: each entry's hash covers its content and the hash before it, so any edit shows."""

import hashlib
import json
from collections.abc import Mapping

GENESIS = "0" * 64


def canonical_json(content: Mapping[str, object]) -> bytes:
    """One spelling per value: sorted keys, no spaces, UTF-8. Numbers must be integers or text, never floats."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def entry_hash(prev_hash: str, content: Mapping[str, object]) -> str:
    """SHA-256 of the previous hash and the canonical content, as 64 hex digits."""
    return hashlib.sha256(prev_hash.encode() + b"\n" + canonical_json(content)).hexdigest()
