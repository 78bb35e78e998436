"""Merkle trees (RFC 6962, 2.1): one hash for a list, and short proofs that something is in it.

Leaves and nodes are hashed apart (a 0 or 1 byte in front), so that neither can pass for the other.
"""

import hashlib
from collections.abc import Sequence

EMPTY = hashlib.sha256(b"").digest()
"""Root of a list without entries."""


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(entries: Sequence[bytes]) -> bytes:
    """32 bytes over the entries in their order."""
    if not entries:
        return EMPTY
    level = [leaf_hash(entry) for entry in entries]
    while len(level) > 1:
        # Left-balanced: whatever has no neighbour rises as it is, which is what the RFC's recursion gives.
        pairs = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def path(entries: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes that lead from entry number index (from 0) to the root. Raises IndexError."""
    return Tree(entries).path(index)


def root_by_path(entry: bytes, index: int, size: int, steps: Sequence[bytes]) -> bytes | None:
    """The root of a list of `size` entries in which this one stands at `index`; None: the path does not fit."""
    if not 0 <= index < size:
        return None
    found, remaining = leaf_hash(entry), list(steps)
    while size > 1:
        if index ^ 1 < size:
            if not remaining:
                return None
            sibling = remaining.pop(0)
            found = node_hash(sibling, found) if index & 1 else node_hash(found, sibling)
        index //= 2
        size = (size + 1) // 2
    return found if not remaining else None


class Tree:
    """A list whose entries' paths are asked for one after the other."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self._levels = [[leaf_hash(entry) for entry in entries]]
        while len(self._levels[-1]) > 1:
            level = self._levels[-1]
            pairs = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
            self._levels.append(pairs + level[len(pairs) * 2 :])

    @property
    def size(self) -> int:
        return len(self._levels[0])

    def path(self, index: int) -> list[bytes]:
        """The hashes that lead from entry number index (from 0) to the root. Raises IndexError."""
        if not 0 <= index < self.size:
            raise IndexError(index)
        steps = []
        for level in self._levels[:-1]:
            if index ^ 1 < len(level):
                steps.append(level[index ^ 1])
            index //= 2
        return steps
