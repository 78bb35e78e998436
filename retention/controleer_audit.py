"""Controleert een auditpakket van Uitkijk. Staat op zichzelf: Python 3.9 of nieuwer, geen server, geen netwerk.

    python3 controleer_audit.py PAKKET.zip [--sleutel HEX]

--sleutel is de publieke sleutel van de gemeente (64 hexadecimale tekens), of haar kenmerk (16 tekens), zoals u die
eerder op een andere weg kreeg. Zonder sleutel toont dit programma het kenmerk, zodat u het zelf kunt vergelijken.
Eindigt met 0: alles klopt; 1: er zijn bevindingen; 2: fout gebruik.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Iterator, Optional, Tuple

Point = Tuple[int, int, int, int]
Row = Any
"""Of JSON."""

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


# --- What was signed ------------------------------------------------------------------------------------------------
MAX_BYTES = 2**31
SEALED = ("first_seq", "last_seq", "at_us", "head", "root", "key_id")
HASHED = ("seq", "at_us", "actor", "roles", "action", "object", "result", "detail", "workstation")
UNLISTED = {"pakket.json", "sleutel.pem", "controleer_audit.py", "LEESMIJ.txt"}


def canonical(content: Row) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def signed_bytes(kind: str, content: Row) -> bytes:
    return b"uitkijk-1 " + kind.encode() + b"\n" + canonical(content)


def row_hash(row: Row) -> str:
    content = {name: row[name] for name in HASHED}
    return hashlib.sha256(row["prev_hash"].encode() + b"\n" + canonical(content)).hexdigest()


def root_by_path(hash_: str, index: int, size: int, steps: list[str]) -> str:
    """RFC 6962, 2.1: the root of a list of `size` hashes in which this one stands at `index`; "" = it does not fit."""
    found = hashlib.sha256(b"\0" + bytes.fromhex(hash_)).digest()
    remaining = [bytes.fromhex(step) for step in steps]
    if not 0 <= index < size:
        return ""
    while size > 1:
        if index ^ 1 < size:
            if not remaining:
                return ""
            sibling = remaining.pop(0)
            found = hashlib.sha256(b"\1" + (sibling + found if index & 1 else found + sibling)).digest()
        index, size = index // 2, (size + 1) // 2
    return "" if remaining else found.hex()


def moment(us: Optional[int]) -> str:
    if us is None:
        return "geen"
    return (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=us)).strftime("%d-%m-%Y %H:%M:%S UTC")


# --- The checks; each adds what it finds to `findings` --------------------------------------------------------------
def key_id_of(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


class Check:
    def __init__(self, package: zipfile.ZipFile, key: Optional[str]) -> None:
        self.findings: list[str] = []
        self.notes: list[str] = []
        self.rows = 0
        self.package = package
        pack = json.loads(self.read("pakket.json"))
        self.content = pack["content"]
        self.public = bytes.fromhex(pack["public_key"])
        self.signature = bytes.fromhex(pack["signature"])
        self.key_id = key_id_of(self.public)
        former = map(bytes.fromhex, self.content.get("former_keys", []))
        self.keys = {key_id_of(key): key for key in (*former, self.public)}
        if key is None:
            self.notes.append(f"Vergelijk zelf het kenmerk van de sleutel: {self.key_id}")
        elif key.lower() not in (self.key_id, self.public.hex()):
            self.findings.append(f"ondertekend met een andere sleutel ({self.key_id}) dan die van de gemeente")

    def read(self, name: str) -> bytes:
        if self.package.getinfo(name).file_size > MAX_BYTES:
            raise ValueError(f"{name} is groter dan {MAX_BYTES} bytes")
        return self.package.read(name)

    def check_files(self) -> None:
        if not is_signed(self.public, signed_bytes("audit-pack", self.content), self.signature):
            self.findings.append("de handtekening onder het pakket klopt niet: het is gewijzigd")
        listed, there = self.content["files"], set(self.package.namelist())
        for name in sorted(set(listed) - there):
            self.findings.append(f"{name} ontbreekt")
        for name in sorted(there - set(listed) - UNLISTED):
            self.findings.append(f"{name} hoort niet in het pakket")
        for name in sorted(set(listed) & there):
            if hashlib.sha256(self.read(name)).hexdigest() != listed[name]["sha256"]:
                self.findings.append(f"{name} is gewijzigd")

    def check_rows(self) -> None:
        roots = self.roots()
        for name in sorted(one for one in self.content["files"] if one.endswith(".jsonl") and one != "zegels.jsonl"):
            if name in self.package.namelist():
                for line in self.read(name).splitlines():
                    self.rows += 1
                    problem = self.problem_of(json.loads(line), roots)
                    if problem:
                        self.findings.append(f"{name}: {problem}")

    def roots(self) -> dict[int, Row]:
        """Of the seals whose signature is right, by their last row."""
        found = {}
        for seal in map(json.loads, self.read("zegels.jsonl").splitlines()):
            content = {part: seal[part] for part in SEALED}
            name, public = f"zegel over regel {seal['first_seq']}–{seal['last_seq']}", self.keys.get(seal["key_id"])
            if public is None:
                self.findings.append(f"{name}: met een sleutel die niet van de gemeente is ({seal['key_id']})")
            elif is_signed(public, signed_bytes("audit-seal", content), bytes.fromhex(seal["signature"])):
                found[seal["last_seq"]] = seal
            else:
                self.findings.append(f"{name}: de handtekening klopt niet")
        for used in sorted({seal["key_id"] for seal in found.values()} - {self.key_id}):
            number = sum(seal["key_id"] == used for seal in found.values())
            self.notes.append(f"Zegels onder een vroegere sleutel van de gemeente ({used}): {number}")
        return found

    def problem_of(self, line: Row, roots: dict[int, Row]) -> str:
        row, proof = line["row"], line["proof"]
        name = f"regel {row['seq']}"
        if row["hash"] != row_hash(row):
            return f"{name} is gewijzigd"
        if proof is None or proof["seal"] not in roots:
            return f"{name} is niet verzegeld"
        seal = roots[proof["seal"]]
        fits = proof["size"] == seal["last_seq"] - seal["first_seq"] + 1
        if not fits or proof["index"] != row["seq"] - seal["first_seq"]:
            return f"{name} stond niet op die plaats in het log"
        if root_by_path(row["hash"], proof["index"], proof["size"], proof["path"]) != seal["root"]:
            return f"{name} stond zo niet in het log toen het verzegeld werd"
        return ""

    def check_sample(self) -> None:
        """Each consultation that was drawn is there; who has the log can draw it again."""
        there = {json.loads(line)["row"]["seq"] for line in self.read("steekproef.jsonl").splitlines()}
        missing = [seq for seq in self.content["sample"]["drawn"] if seq not in there]
        if missing:
            self.findings.append(f"steekproef.jsonl: regel {missing[0]} is getrokken en ontbreekt")

    def run(self) -> None:
        self.check_files()
        self.check_rows()
        self.check_sample()
        self.findings += [f"de server vond: {one}" for one in self.content["log"]["findings"]]

    def report(self) -> Iterator[str]:
        content, log, sample = self.content, self.content["log"], self.content["sample"]
        yield f"{content['site']}: auditpakket van {moment(content['at_us'])}"
        yield f"Periode: {moment(content['from_us'])} tot {moment(content['to_us'])}"
        yield f"Auditlog: {log['rows']} regels, verzegeld tot en met regel {log['sealed_rows']}"
        yield f"Regels in dit pakket, elk met bewijs: {self.rows}"
        yield f"Steekproef: {len(sample['drawn'])} van {sample['drawn_from']} raadplegingen"
        yield from self.notes
        yield from (f"BEVINDING: {finding}" for finding in self.findings)
        yield "HET KLOPT NIET" if self.findings else "ONGEWIJZIGD: alles klopt"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pakket", type=Path)
    parser.add_argument("--sleutel", metavar="HEX")
    options = parser.parse_args()
    try:
        with zipfile.ZipFile(options.pakket) as package:
            check = Check(package, options.sleutel)
            check.run()
    except FileNotFoundError:
        parser.error(f"{options.pakket}: bestaat niet")
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError) as error:
        print(f"{options.pakket}: geen heel auditpakket ({type(error).__name__}: {error})\nHET KLOPT NIET")
        return 1
    print("\n".join(check.report()))
    return 1 if check.findings else 0


if __name__ == "__main__":
    sys.exit(main())
