"""Which of several live processes serves a camera, and which one a viewer's session belongs to. Pure.

By the name alone, so that it holds when cameras come and go, and after a restart of anybody.
"""

from zlib import crc32


def shard_of(name: str, processes: int) -> int:
    """name: of a camera or a session. 0 … processes - 1."""
    return crc32(name.encode()) % processes


def live_name(shard: int, processes: int) -> str:
    """Of the process, its lock and its socket."""
    return "live" if processes == 1 else f"live-{shard}"
