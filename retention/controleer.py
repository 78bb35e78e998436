"""Controleert een wiscertificaat van Uitkijk. Staat op zichzelf: Python 3.9 of nieuwer, geen server, geen netwerk.

    python3 controleer.py CERTIFICAAT.zip [--sleutel HEX] [--tsa-ca BESTAND.pem]

--sleutel is de publieke sleutel van de gemeente (64 hexadecimale tekens), of haar kenmerk (16 tekens), zoals u die
eerder op een andere weg kreeg. Zonder sleutel toont dit programma het kenmerk, zodat u het zelf kunt vergelijken.
--tsa-ca controleert de tijdstempels met openssl. Eindigt met 0: alles klopt; 1: er zijn bevindingen; 2: fout gebruik.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import subprocess
import sys
import tempfile
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


def canonical(content: Row) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def signed_bytes(kind: str, content: Row) -> bytes:
    return b"uitkijk-1 " + kind.encode() + b"\n" + canonical(content)


def row_hash(row: Row) -> str:
    content = {name: row[name] for name in ("seq", "at_us", "kind", "segment_id", "payload")}
    return hashlib.sha256(row["prev_hash"].encode() + b"\n" + canonical(content)).hexdigest()


def merkle_root(hashes: list[str]) -> str:
    """RFC 6962, 2.1."""
    level = [hashlib.sha256(b"\0" + bytes.fromhex(one)).digest() for one in hashes]
    while len(level) > 1:
        pairs = [hashlib.sha256(b"\1" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0].hex() if level else ""


def moment(us: Optional[int]) -> str:
    if us is None:
        return "geen"
    return (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=us)).strftime("%d-%m-%Y %H:%M:%S UTC")


# --- The checks; each adds what it finds to `findings` --------------------------------------------------------------
class Check:
    def __init__(self, package: zipfile.ZipFile, key: Optional[str], authority: Optional[Path]) -> None:
        self.findings: list[str] = []
        self.notes: list[str] = []
        self.erased: dict[tuple[str, str], tuple[int, int]] = {}
        self.released = 0
        self.intents: set[int] = set()
        self.latest_us = 0
        self.authority = authority
        self.package = package
        certificate = json.loads(self.read("certificaat.json"))
        self.content = certificate["content"]
        self.public = bytes.fromhex(certificate["public_key"])
        self.signature = bytes.fromhex(certificate["signature"])
        self.key_id = hashlib.sha256(self.public).hexdigest()[:16]
        self.check_key(key)

    def read(self, name: str) -> bytes:
        if self.package.getinfo(name).file_size > MAX_BYTES:
            raise ValueError(f"{name} is groter dan {MAX_BYTES} bytes")
        return self.package.read(name)

    def check_key(self, key: Optional[str]) -> None:
        if key is None:
            self.notes.append(f"Vergelijk zelf het kenmerk van de sleutel: {self.key_id}")
        elif key.lower() not in (self.key_id, self.public.hex()):
            self.findings.append(f"ondertekend met een andere sleutel ({self.key_id}) dan die van de gemeente")

    def check_signature(self) -> None:
        if not is_signed(self.public, signed_bytes("retention-certificate", self.content), self.signature):
            self.findings.append("de handtekening onder het certificaat klopt niet: het is gewijzigd")
        for name, sha256 in self.content["sha256"].items():
            if hashlib.sha256(self.read(name)).hexdigest() != sha256:
                self.findings.append(f"{name} is gewijzigd")

    def check_chain(self) -> dict[int, str]:
        """Row after row: its hash, its number, the row before. Returns the hashes by number."""
        hashes: dict[int, str] = {}
        previous, expected = self.content["ledger"]["prev_hash"], self.content["ledger"]["first_seq"]
        for row in map(json.loads, self.read("wislogboek.jsonl").splitlines()):
            if row["seq"] != expected:
                self.findings.append(f"wislogboek: regel {expected} ontbreekt")
                return hashes
            if row["prev_hash"] != previous or row["hash"] != row_hash(row):
                self.findings.append(f"wislogboek: regel {row['seq']} is gewijzigd")
                return hashes
            hashes[row["seq"]] = previous = row["hash"]
            expected += 1
            self.count(row)
        if previous != self.content["ledger"]["head"]:
            self.findings.append("wislogboek: de laatste regels ontbreken")
        return hashes

    def count(self, row: Row) -> None:
        payload = row["payload"]
        files = payload.get("segments", [payload])
        if row["kind"] == "intent":
            self.intents.update(one for one in files if isinstance(one, int))
        if row["kind"] == "failed":
            self.intents.discard(row["segment_id"])
        if row["kind"] == "done":
            self.intents.difference_update(one.get("id") for one in files)
            self.released += len(payload.get("evidence", ()))
            for one in files:
                if "start_us" in one:
                    self.count_erased(one, row["at_us"])

    def count_erased(self, file: Row, at_us: int) -> None:
        camera_day = file["camera"], moment(file["start_us"])[:10]
        number, size = self.erased.get(camera_day, (0, 0))
        self.erased[camera_day] = number + 1, size + file.get("bytes", 0)
        self.latest_us = max(self.latest_us, at_us - file["start_us"])

    def check_seals(self, hashes: dict[int, str]) -> None:
        seals = [json.loads(line) for line in self.read("zegels.jsonl").splitlines()]
        expected = self.content["ledger"]["first_seq"]
        for number, seal in enumerate(seals):
            name = f"zegel over regel {seal['first_seq']}–{seal['last_seq']}"
            rows = [hashes.get(seq, "") for seq in range(seal["first_seq"], seal["last_seq"] + 1)]
            if seal["first_seq"] != expected:
                self.findings.append(f"{name}: sluit niet aan op het zegel ervoor")
            elif "" in rows or rows[-1] != seal["head"] or merkle_root(rows) != seal["root"]:
                self.findings.append(f"{name}: past niet bij het wislogboek")
            expected = seal["last_seq"] + 1
            # The newest one covers every row before it; pure Python needs 10 ms for each signature.
            if number < 50 or number >= len(seals) - 50 or seal.get("token"):
                sealed = {part: seal[part] for part in SEALED}
                if not is_signed(self.public, signed_bytes("ledger-seal", sealed), bytes.fromhex(seal["signature"])):
                    self.findings.append(f"{name}: de handtekening klopt niet")
        if expected != self.content["ledger"]["last_seq"] + 1:
            self.findings.append("het einde van het wislogboek is niet verzegeld")
        self.check_stamps([seal for seal in seals if seal.get("token")])

    def check_stamps(self, seals: list[Row]) -> None:
        if not seals:
            self.notes.append("Er is geen tijdstempel van buiten: de data komen van de server zelf.")
        elif self.authority is None:
            self.notes.append(f"{len(seals)} tijdstempels niet gecontroleerd: geef --tsa-ca.")
        else:
            good = [seal for seal in seals if self.is_stamped(seal)]
            bad = len(seals) - len(good)
            if bad:
                self.findings.append(f"{bad} van {len(seals)} tijdstempels kloppen niet")
            if good:
                self.notes.append(f"{len(good)} tijdstempels kloppen; het laatste: {moment(good[-1]['token_at_us'])}.")

    def is_stamped(self, seal: Row) -> bool:
        with tempfile.TemporaryDirectory() as directory:
            token, message = Path(directory, "token"), Path(directory, "message")
            token.write_bytes(base64.b64decode(seal["token"]))
            message.write_bytes(bytes.fromhex(seal["signature"]))
            files = ["-in", str(token), "-data", str(message), "-CAfile", str(self.authority)]
            command = ["openssl", "ts", "-verify", *files]
            return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def check_figures(self) -> None:
        content = self.content
        said = {(one["camera"], one["day"]): (one["erased"], one["erased_bytes"]) for one in content["camera_days"]}
        counted = self.erased
        for key in sorted(said.keys() | counted.keys()):
            if said.get(key, (0, 0)) != counted.get(key, (0, 0)):
                self.findings.append(f"{key[0]}, {key[1]}: het certificaat zegt iets anders dan het wislogboek")
        if self.released != content.get("evidence", {}).get("erased", self.released):
            self.findings.append("vrijgegeven kopieën: het certificaat zegt iets anders dan het wislogboek")
        if self.intents:
            self.findings.append(f"van {len(self.intents)} opnamen staat niet in het wislogboek of zij gewist zijn")
        for one in [*content.get("terms", []), content]:
            oldest, where = one["oldest_frame_us"], one.get("camera", "schijf")
            if oldest is not None and oldest <= one["limit_us"] and not one["held_files"]:
                self.findings.append(f"{where}: er is beeld van {moment(oldest)}, ouder dan toegestaan")
        self.findings += [
            f"de server vond: [{one['code']}] {one['subject']}: {one['text']}" for one in content["findings"]
        ]

    def run(self) -> None:
        self.check_signature()
        hashes = self.check_chain()
        self.check_seals(hashes)
        self.check_figures()

    def report(self) -> Iterator[str]:
        content = self.content
        rows = content["ledger"]["last_seq"] - content["ledger"]["first_seq"] + 1
        number = sum(one for one, _ in self.erased.values())
        size = sum(one for _, one in self.erased.values())
        yield f"{content['site']}: wiscertificaat van {moment(content['at_us'])}"
        yield f"Niets ouder dan {moment(content['limit_us'])} ({content['days']} × 24 uur)"
        yield f"Oudste beeld op schijf: {moment(content['oldest_frame_us'])}; veiliggesteld: {content['held_files']}"
        yield f"Op schijf: {content['files']} bestanden, {content['bytes']} bytes"
        if store := content.get("evidence"):
            yield "Bewijsopslag: {files} kopieën voor {holds} veiligstellingen, {bytes} bytes;".format(**store)
            yield "  {read} geheel gelezen; na vrijgave gewist: {erased}, nog te wissen: {leaving}".format(**store)
        yield f"Wislogboek: {rows} regels; gewist: {number} opnamen, {size} bytes; mislukt: {content['failed']}"
        if self.latest_us:
            yield f"Oudste beeld toen het gewist werd: {timedelta(microseconds=self.latest_us)}".replace(
                "days", "dagen"
            )
        yield from self.notes
        yield from (f"BEVINDING: {finding}" for finding in self.findings)
        yield "HET KLOPT NIET" if self.findings else "ONGEWIJZIGD: alles klopt"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("certificaat", type=Path)
    parser.add_argument("--sleutel", metavar="HEX")
    parser.add_argument("--tsa-ca", type=Path, metavar="BESTAND.pem")
    options = parser.parse_args()
    try:
        with zipfile.ZipFile(options.certificaat) as package:
            check = Check(package, options.sleutel, options.tsa_ca)
            check.run()
    except FileNotFoundError:
        parser.error(f"{options.certificaat}: bestaat niet")
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError, RecursionError) as error:
        print(f"{options.certificaat}: geen heel wiscertificaat ({type(error).__name__}: {error})\nHET KLOPT NIET")
        return 1
    print("\n".join(check.report()))
    return 1 if check.findings else 0


if __name__ == "__main__":
    sys.exit(main())
