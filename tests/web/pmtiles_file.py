"""A raster PMTiles file of one colour, as small as the format allows: one tile, used for every place and zoom."""

import struct
from pathlib import Path

import cv2
import numpy as np

PNG, VECTOR = 2, 1
_HEADER = 127


def write_pmtiles(
    path: Path, *, max_zoom: int = 18, bgr: tuple[int, int, int] = (60, 120, 60), kind: int = PNG
) -> None:
    tile = cv2.imencode(".png", np.full((256, 256, 3), bgr, np.uint8))[1].tobytes()
    tiles = (4 ** (max_zoom + 1) - 1) // 3
    directory = _varint(1) + _varint(0) + _varint(tiles) + _varint(len(tile)) + _varint(1)
    metadata = b'{"attribution": "Testgrond"}'
    at = _HEADER + len(directory)
    header = b"PMTiles\x03" + struct.pack(
        "<11Q", _HEADER, len(directory), at, len(metadata), 0, 0, at + len(metadata), len(tile), tiles, 1, 1
    )
    header += bytes((1, 1, 1, kind, 0, max_zoom)) + struct.pack(
        "<4i", -1_800_000_000, -850_000_000, 1_800_000_000, 850_000_000
    )
    header += bytes((0,)) + struct.pack("<2i", 0, 0)
    path.write_bytes(header + directory + metadata + tile)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)
