"""Controleert een beeldexport van Uitkijk. Staat op zichzelf: Python 3.9 of nieuwer, geen server, geen netwerk.

    python3 controleer_export.py EXPORT.zip [--sleutel HEX] [--tsa-ca BESTAND.pem]

--sleutel is de publieke sleutel van de gemeente (64 hexadecimale tekens), of haar kenmerk (16 tekens), zoals u die
eerder op een andere weg kreeg. Zonder sleutel toont dit programma het kenmerk, zodat u het zelf kunt vergelijken.
--tsa-ca controleert het tijdstempel met openssl. Eindigt met 0: ongewijzigd; 1: er zijn bevindingen; 2: fout gebruik.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import struct
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, BinaryIO, Dict, Iterator, List, NamedTuple, Optional, Tuple

Point = Tuple[int, int, int, int]
Json = Any

# --- Ed25519 (RFC 8032, 5.1), only checking -------------------------------------------------------------------------
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def unpack_point(data: bytes) -> Optional[Point]:
    """A point (X, Y, Z, T) of 32 bytes; None when there is none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def add_points(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add_points(result, point)
        point = add_points(point, point)
        scalar >>= 1
    return result


BASE = unpack_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    point, r = unpack_point(public), unpack_point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if len(public) != 32 or len(signature) != 64 or point is None or r is None or s >= ORDER or BASE is None:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = times(s, BASE), add_points(r, times(k, point))
    return not ((left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P)


def canonical(content: Json) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def signed_bytes(kind: str, content: Json) -> bytes:
    return b"uitkijk-1 " + kind.encode() + b"\n" + canonical(content)


def spelled(document: Json) -> bytes:
    """The one spelling in which a document lies in the package, so that every byte of it counts."""
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


# --- The package: a zip in which every byte has one allowed value ----------------------------------------------------
MANIFEST, STAMP = "manifest.json", "tijdstempel.json"
LOCAL, CENTRAL = b"PK\3\4", b"PK\1\2"
HEADER_BYTES = 30
EXTRA_BYTES = 20
BLOCK = 1 << 20
MAX_TEXT = 1 << 25
MAX_MEMBERS, MAX_FRAGMENTS = 10_000, 500_000
FULL = 0xFFFFFFFF


def local_header(name: bytes, size: int, crc: int) -> bytes:
    fixed = struct.pack("<4s5H3I2H", LOCAL, 45, 0x0800, 0, 0, 0x21, crc, FULL, FULL, len(name), EXTRA_BYTES)
    return fixed + name + struct.pack("<2H2Q", 1, 16, size, size)


def central_entry(name: bytes, size: int, crc: int, offset: int) -> bytes:
    made = struct.pack("<4s6H3I5H2I", CENTRAL, 0x032D, 45, 0x0800, 0, 0, 0x21, crc, FULL, FULL,
                       len(name), 28, 0, 0, 0, 0o100644 << 16, FULL)  # fmt: skip
    return made + name + struct.pack("<2H3Q", 1, 24, size, size, offset)


def zip_end(entries: List[Tuple[bytes, int, int, int]], offset: int) -> bytes:
    """entries: name, size, CRC and offset of each member. offset: where the directory begins."""
    directory = b"".join(central_entry(*entry) for entry in entries)
    number, end = len(entries), offset + len(directory)
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 0x032D, 45, 0, 0, number, number, len(directory), offset)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    return directory + record + locator + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, number, number, FULL, FULL, 0)


class Damaged(Exception):
    pass


class Video:
    """Splits an MP4, fed in pieces, into its beginning, its fragments (moof and mdat) and its seal (meta)."""

    def __init__(self) -> None:
        self.beginning = self.seal_hash = ""
        self.fragments: List[Tuple[int, str]] = []
        self.seal = bytearray()
        self.before_seal = hashlib.sha256()
        self.whole = hashlib.sha256()
        self.kind, self.part, self.size = b"", hashlib.sha256(), 0
        self.head, self.left = bytearray(), 0

    def feed(self, data: bytes) -> None:
        view = memoryview(data)
        while len(view):
            if self.left == 0:
                taken = self.read_head(view)
            else:
                taken = min(self.left, len(view))
                self.take(bytes(view[:taken]))
                self.left -= taken
            view = view[taken:]

    def read_head(self, view: memoryview) -> int:
        wanted = 16 if self.head[:4] == b"\0\0\0\1" and len(self.head) >= 8 else 8
        taken = min(wanted - len(self.head), len(view))
        self.head += view[:taken]
        size = int.from_bytes(self.head[:4], "big")
        if len(self.head) == wanted and (size != 1 or wanted == 16):
            length = int.from_bytes(self.head[8:16], "big") if wanted == 16 else size
            self.begin(bytes(self.head[4:8]))
            self.take(bytes(self.head))
            self.left = length - wanted if length > wanted else 1 << 62
            self.head.clear()
        return taken

    def begin(self, kind: bytes) -> None:
        if kind in (b"moof", b"meta"):
            self.close_part()
            self.kind = kind

    def take(self, data: bytes) -> None:
        if self.kind == b"meta" and len(self.seal) <= BLOCK:
            self.seal += data
        if self.kind != b"meta":
            self.before_seal.update(data)
        self.part.update(data)
        self.whole.update(data)
        self.size += len(data)

    def close_part(self) -> None:
        if self.kind == b"":
            self.beginning = self.part.hexdigest()
        elif self.kind == b"moof" and len(self.fragments) < MAX_FRAGMENTS:
            self.fragments.append((self.size, self.part.hexdigest()))
        elif self.kind == b"meta":
            self.seal_hash = self.part.hexdigest()
        self.part, self.size = hashlib.sha256(), 0

    def finish(self) -> None:
        self.take(bytes(self.head))
        self.close_part()


class Member(NamedTuple):
    name: str
    size: int
    sha256: str
    video: Optional[Video]
    text: bytes


class Package:
    """Reads a package from its first byte to its last, once."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.members: List[Member] = []
        self.entries: List[Tuple[bytes, int, int, int]] = []
        self.findings: List[Finding] = []

    def read(self) -> None:
        offset = 0
        while True:
            start = self.file.read(4)
            if start != LOCAL:
                break
            offset += self.read_member(self.file.read(HEADER_BYTES - 4), offset)
        wanted = zip_end(self.entries, offset)
        if start + self.file.read(len(wanted) + BLOCK) != wanted:
            self.findings.append(Finding("directory", "zip"))

    def read_member(self, rest: bytes, offset: int) -> int:
        """Its whole length."""
        if len(rest) < HEADER_BYTES - 4 or len(self.entries) >= MAX_MEMBERS:
            raise Damaged
        crc, length = int.from_bytes(rest[10:14], "little"), int.from_bytes(rest[22:24], "little")
        name, extra = self.file.read(length), self.file.read(EXTRA_BYTES)
        if len(extra) < EXTRA_BYTES:
            raise Damaged
        size = int.from_bytes(extra[4:12], "little")
        shown = name.decode("utf-8", "replace")
        if LOCAL + rest + name + extra != local_header(name, size, crc):
            self.findings.append(Finding("header", shown))
        member, counted = self.read_video(shown, size) if name.endswith(b".mp4") else self.read_text(shown, size)
        if counted != crc:
            self.findings.append(Finding("checksum", shown))
        self.members.append(member)
        self.entries.append((name, size, crc, offset))
        return HEADER_BYTES + length + EXTRA_BYTES + size

    def read_video(self, name: str, size: int) -> Tuple[Member, int]:
        video, crc, left = Video(), 0, size
        while left:
            block = self.file.read(min(BLOCK, left))
            if not block:
                video.finish()
                self.members.append(Member(name, size - left, video.whole.hexdigest(), video, b""))
                raise Damaged
            video.feed(block)
            crc, left = zlib.crc32(block, crc), left - len(block)
        video.finish()
        return Member(name, size, video.whole.hexdigest(), video, b""), crc

    def read_text(self, name: str, size: int) -> Tuple[Member, int]:
        digest, crc, left, kept = hashlib.sha256(), 0, size, bytearray()
        while left:
            block = self.file.read(min(BLOCK, left))
            if not block:
                raise Damaged
            digest.update(block)
            crc, left = zlib.crc32(block, crc), left - len(block)
            if name in (MANIFEST, STAMP) and len(kept) < MAX_TEXT:
                kept += block
        return Member(name, size, digest.hexdigest(), None, bytes(kept)), crc


# --- What it must be ------------------------------------------------------------------------------------------------
TEXTS: Dict[str, str] = {
    "truncated": "het pakket is afgekapt of beschadigd",
    "directory": "de inhoudsopgave van het pakket is gewijzigd",
    "header": "de kop van dit bestand in het pakket is gewijzigd",
    "checksum": "de controlesom van dit bestand in het pakket klopt niet",
    "no_manifest": "er is geen leesbaar manifest: dit is geen (hele) export van Uitkijk",
    "manifest": "het manifest is gewijzigd: de handtekening klopt niet",
    "spelling": "dit bestand is anders geschreven dan de export het schreef",
    "key": "ondertekend met een andere sleutel dan die van de gemeente",
    "missing": "dit bestand ontbreekt",
    "extra": "dit bestand hoort niet in de export",
    "order": "de bestanden staan in een andere volgorde, of dubbel",
    "file": "dit bestand is gewijzigd",
    "beginning": "het begin van de video is gewijzigd",
    "seal": "de verzegeling (certificaat of handtekening) in de video is gewijzigd",
    "changed": "beeld gewijzigd",
    "absent": "beeld ontbreekt",
    "doubled": "beeld staat er dubbel in",
    "foreign": "er staat beeld in dat er niet in hoort",
    "reordered": "de beelden staan in een andere volgorde",
    "segment": "een opname in het manifest past niet bij haar eigen hash",
    "segment_chain": "een opname ontbreekt: de keten van opnamen sluit niet",
    "segment_order": "een opname staat dubbel of in een andere volgorde",
    "stamp": "het tijdstempel klopt niet",
}
CHAINED = ("camera", "profile", "start_us", "end_us", "bytes", "sha256", "key_id", "sidecar_sha256")


class Finding(NamedTuple):
    """code: of TEXTS. subject: a file, or a camera. detail: when, or which."""

    code: str
    subject: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.subject}: {TEXTS[self.code]}" + (f" ({self.detail})" if self.detail else "")


def moment(at_us: int) -> str:
    at = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=at_us)
    return f"{at:%d-%m-%Y %H:%M:%S} UTC"


class Check:
    """Of one package. Read `findings` after run()."""

    def __init__(self, file: BinaryIO, key: Optional[str] = None, authority: Optional[Path] = None) -> None:
        self.package = Package(file)
        self.findings = self.package.findings
        self.key, self.authority = key, authority
        self.content: Json = {}
        self.key_id = ""
        self.notes: List[str] = []

    def run(self) -> None:
        try:
            self.package.read()
        except Damaged:
            self.findings.append(Finding("truncated", "zip"))
        texts = {member.name: member.text for member in self.package.members if member.video is None}
        try:
            self.check_manifest(texts[MANIFEST])
            self.check_files()
            for video in self.content["videos"]:
                self.check_segments(video)
            self.check_stamp(texts.get(STAMP))
        except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError):
            self.findings.append(Finding("no_manifest", MANIFEST))

    def check_manifest(self, data: bytes) -> None:
        document = json.loads(data)
        self.content, public = document["content"], bytes.fromhex(document["public_key"])
        self.signature = bytes.fromhex(document["signature"])
        self.public = public
        self.key_id = hashlib.sha256(public).hexdigest()[:16]
        tidy = {"content": self.content, "signature": self.signature.hex(), "public_key": public.hex()}
        if spelled(tidy) != data:
            self.findings.append(Finding("spelling", MANIFEST))
        if not is_signed(public, signed_bytes("export-manifest", self.content), self.signature):
            self.findings.append(Finding("manifest", MANIFEST))
        if self.key is None:
            self.notes.append(f"Vergelijk zelf het kenmerk van de sleutel: {self.key_id}")
        elif self.key.lower() not in (self.key_id, public.hex()):
            self.findings.append(Finding("key", MANIFEST, self.key_id))

    def check_files(self) -> None:
        wanted = {one["name"]: one for one in self.content["files"]}
        found = [member.name for member in self.package.members if member.name not in (MANIFEST, STAMP)]
        self.findings += [Finding("missing", name) for name in wanted if name not in found]
        self.findings += [Finding("extra", name) for name in dict.fromkeys(found) if name not in wanted]
        tail = [member.name for member in self.package.members][len(found) :]
        if [name for name in found if name in wanted] != [name for name in wanted if name in found] or tail not in (
            [MANIFEST],
            [MANIFEST, STAMP],
        ):
            self.findings.append(Finding("order", "zip"))
        videos = {one["file"]: one for one in self.content["videos"]}
        for member in self.package.members:
            one = wanted.get(member.name)
            if one is not None and (one["sha256"], one["bytes"]) != (member.sha256, member.size):
                self.findings.append(Finding("file", member.name))
                if member.video is not None and member.name in videos:
                    self.findings += compare(videos[member.name], member.video)

    def check_segments(self, video: Json) -> None:
        """The stored footage that it was made of: each with its hash, and each after the one before."""
        previous: Json = None
        for segment in video["segments"]:
            where = video["file"], moment(segment["start_us"])
            chained = canonical({name: segment[name] for name in CHAINED})
            if hashlib.sha256(segment["prev_hash"].encode() + b"\n" + chained).hexdigest() != segment["chain_hash"]:
                self.findings.append(Finding("segment", *where))
            if previous is not None and segment["start_us"] <= previous["start_us"]:
                self.findings.append(Finding("segment_order", *where))
            elif previous is not None and segment["follows"] and segment["prev_hash"] != previous["chain_hash"]:
                self.findings.append(Finding("segment_chain", *where))
            previous = segment

    def check_stamp(self, data: Optional[bytes]) -> None:
        if data is None:
            if self.content["timestamped"]:
                self.findings.append(Finding("missing", STAMP))
            self.notes.append("Er is geen tijdstempel van buiten: de datum komt van de server zelf.")
            return
        document = json.loads(data)
        token, at_us = base64.b64decode(document["token"]), document["at_us"]
        signature = bytes.fromhex(document["signature"])
        tidy = {"token": base64.b64encode(token).decode(), "at_us": at_us, "signature": signature.hex()}
        signed = {"token": tidy["token"], "at_us": at_us, "manifest": self.signature.hex()}
        if spelled(tidy) != data or not is_signed(self.public, signed_bytes("export-stamp", signed), signature):
            self.findings.append(Finding("stamp", STAMP))
        elif self.authority is None:
            self.notes.append(f"Tijdstempel van {moment(at_us)}, niet gecontroleerd: geef --tsa-ca.")
        elif is_stamped(token, self.signature, self.authority):
            self.notes.append(f"Het tijdstempel van {moment(at_us)} klopt.")
        else:
            self.findings.append(Finding("stamp", STAMP))

    def report(self) -> Iterator[str]:
        if self.content:
            shown = {name: str(self.content.get(name, "")) for name in ("site", "case_number", "made_local")}
            yield f"{shown['site']}: export in zaak {shown['case_number']}, gemaakt {shown['made_local']}"
        yield from self.notes
        yield from (f"BEVINDING: {finding}" for finding in self.findings)
        yield "GEWIJZIGD" if self.findings else "ONGEWIJZIGD"


def compare(wanted: Json, found: Video) -> Iterator[Finding]:
    """What exactly is different in a video, by the fragments that the manifest names."""
    name, expected = wanted["file"], wanted["fragments"]
    hashes, known = [sha256 for _, sha256 in found.fragments], {one["sha256"] for one in expected}
    present = Counter(hashes)
    if found.beginning != wanted["beginning_sha256"]:
        yield Finding("beginning", name)
    if found.seal_hash != wanted["seal_sha256"]:
        yield Finding("seal", name)
    changed = [one for i, one in enumerate(expected) if one["sha256"] not in present
               and len(hashes) == len(expected) and hashes[i] not in known]  # fmt: skip
    absent = [one for one in expected if one["sha256"] not in present and one not in changed]
    doubled = [one for one in expected if present[one["sha256"]] > 1]
    for code, those in (("changed", changed), ("absent", absent), ("doubled", doubled)):
        if those:
            more = f" en {len(those) - 1} andere" if len(those) > 1 else ""
            yield Finding(code, name, moment(those[0]["start_us"]) + more)
    if len([one for one in hashes if one not in known]) > len(changed):
        yield Finding("foreign", name)
    order = [sha256 for sha256 in dict.fromkeys(hashes) if sha256 in known]
    if order != [one["sha256"] for one in expected if one["sha256"] in present]:
        yield Finding("reordered", name)


def is_stamped(token: bytes, message: bytes, authority: Path) -> bool:
    with tempfile.TemporaryDirectory() as directory:
        paths = Path(directory, "token"), Path(directory, "message")
        paths[0].write_bytes(token)
        paths[1].write_bytes(message)
        command = ["openssl", "ts", "-verify", "-in", *map(str, paths[:1]), "-data", str(paths[1])]
        return subprocess.run([*command, "-CAfile", str(authority)], capture_output=True, check=False).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=Path)
    parser.add_argument("--sleutel", metavar="HEX")
    parser.add_argument("--tsa-ca", type=Path, metavar="BESTAND.pem")
    options = parser.parse_args()
    try:
        with options.export.open("rb") as file:
            check = Check(file, options.sleutel, options.tsa_ca)
            check.run()
    except OSError as error:
        parser.error(f"{options.export}: {error.strerror}")
    print("\n".join(check.report()))
    return 1 if check.findings else 0


if __name__ == "__main__":
    sys.exit(main())
