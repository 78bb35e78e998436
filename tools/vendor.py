"""Take the browser libraries from npm, check them against the lock, lay them under web/static/vendor.

Run by a developer, never by the product: `python tools/vendor.py` re-downloads every package in
`vendor.lock.json` with `npm pack`, compares the tarball with the integrity in the lock and rewrites the
files; `python tools/vendor.py --check` writes nothing and only compares the files with the lock.
A new version: change it in PACKAGES, run with `--update`, review the diff of the lock.
"""

import argparse
import base64
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "web" / "static" / "vendor"
LOCK = VENDOR / "vendor.lock.json"
LICENSES = Path(__file__).resolve().parent / "licenses"
ICONS = (  # noqa: SIM905 – sixty names read better as words
    "arrow-down arrow-down-left arrow-down-right arrow-left arrow-right arrow-up arrow-up-left arrow-up-right bell "
    "camera chevron-left chevron-right circle-check circle-dot circle-x clipboard-list clock cpu download eye eye-off "
    "file-lock-2 gavel hard-drive history home hourglass info joystick keyboard languages layout-grid list "
    "locate-fixed lock lock-open log-out map maximize minus monitor-play pause play plus rewind fast-forward "
    "refresh-cw search server shield-alert shield-check square "
    "step-back step-forward sun-moon triangle-alert user video video-off wifi-off wrench x zoom-in zoom-out"
).split()


@dataclass(frozen=True, slots=True)
class Package:
    """One npm package and which of its files the product carries (patterns match the path in the package)."""

    name: str
    version: str
    license: str
    keep: tuple[str, ...]
    license_text: Path | None = None
    """Where the package itself carries none: its authors' text, from their repository."""

    @property
    def folder(self) -> str:
        return f"{self.name.removeprefix('@').replace('/', '-')}@{self.version}"


PACKAGES = (
    Package("lit", "3.3.3", "BSD-3-Clause", (r"index\.(js|d\.ts)",)),
    Package(
        "lit-html",
        "3.3.3",
        "BSD-3-Clause",
        (
            r"(lit-html|is-server|directive|directive-helpers)\.(js|d\.ts)",
            r"directives/(repeat|class-map|live)\.(js|d\.ts)",
        ),
    ),
    Package("lit-element", "4.2.2", "BSD-3-Clause", (r"(lit-element|index)\.(js|d\.ts)",)),
    Package(
        "@lit/reactive-element",
        "2.1.2",
        "BSD-3-Clause",
        (r"(reactive-element|css-tag|reactive-controller)\.(js|d\.ts)",),
    ),
    Package("lucide-static", "1.62.0", "ISC", (r"icons/(" + "|".join(ICONS) + r")\.svg",)),
    Package("leaflet", "1.9.4", "BSD-2-Clause", (r"dist/leaflet\.(js|css)",)),
    Package(
        "pmtiles", "4.5.0", "BSD-3-Clause", (r"dist/esm/index\.(js|d\.ts)",), license_text=LICENSES / "pmtiles.txt"
    ),
    Package("fflate", "0.8.2", "MIT", (r"esm/browser\.js",)),
    Package("@fontsource-variable/inter", "5.3.0", "OFL-1.1", (r"files/inter-latin(-ext)?-wght-normal\.woff2",)),
)


def pack(package: Package) -> bytes:
    """The tarball as npm gives it."""
    with tempfile.TemporaryDirectory() as folder:
        spec = f"{package.name}@{package.version}"
        done = subprocess.run(
            ["npm", "pack", spec, "--silent", "--json"],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=120,
        )
        return (Path(folder) / Path(json.loads(done.stdout)[0]["filename"]).name).read_bytes()


def integrity_of(data: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def sprite(icons: dict[str, bytes]) -> bytes:
    """One SVG with a <symbol> per icon; stroke and fill come from the page's `.icon` class."""
    out = ['<svg xmlns="http://www.w3.org/2000/svg">']
    for name in sorted(icons):
        body = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", icons[name].decode(), flags=re.DOTALL)
        drawing = re.sub(r"\s*\n\s*", " ", body).strip()
        out.append(f'<symbol id="{name}" viewBox="0 0 24 24">{drawing}</symbol>')
    return ("\n".join(out) + "\n</svg>\n").encode()


def without_source_map(data: bytes) -> bytes:
    """The maps are not carried: a browser would ask for them and log a 404."""
    return re.sub(rb"\n//# sourceMappingURL=\S+\s*$", b"\n", data)


def select(package: Package, tarball: bytes) -> dict[str, bytes]:
    """The files to carry, by path under the package's folder."""
    files: dict[str, bytes] = {}
    icons: dict[str, bytes] = {}
    wanted = [re.compile(pattern + r"\Z") for pattern in package.keep]
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        for member in archive.getmembers():
            path = member.name.split("/", 1)[-1]
            handle = archive.extractfile(member) if member.isfile() else None
            if handle is None or not (path == "LICENSE" or any(pattern.match(path) for pattern in wanted)):
                continue
            data = handle.read()
            if path.startswith("icons/"):
                icons[Path(path).stem] = data
            else:
                files[path] = without_source_map(data)
    if package.license_text is not None:
        files["LICENSE"] = package.license_text.read_bytes()
    if icons:
        files["sprite.svg"] = sprite(icons)
    return files


def entry(package: Package, tarball: bytes) -> tuple[dict[str, object], dict[str, bytes]]:
    files = select(package, tarball)
    return {
        "version": package.version,
        "license": package.license,
        "integrity": integrity_of(tarball),
        "folder": package.folder,
        "files": {path: hashlib.sha256(data).hexdigest() for path, data in sorted(files.items())},
    }, files


def differences() -> list[str]:
    """What on disk is not what the lock says; empty = as locked."""
    lock = json.loads(LOCK.read_text())
    problems: list[str] = []
    known = {LOCK}
    for name, locked in lock.items():
        for path, digest in locked["files"].items():
            file = VENDOR / locked["folder"] / path
            known.add(file)
            if not file.is_file():
                problems.append(f"{name}: {path} is missing")
            elif hashlib.sha256(file.read_bytes()).hexdigest() != digest:
                problems.append(f"{name}: {path} differs from the lock")
    problems += [
        f"{file.relative_to(VENDOR)} is not in the lock"
        for file in VENDOR.rglob("*")
        if file.is_file() and file not in known
    ]
    return problems


def download(update: bool) -> list[str]:
    old = json.loads(LOCK.read_text()) if LOCK.exists() else {}
    lock: dict[str, object] = {}
    problems: list[str] = []
    for package in PACKAGES:
        locked, files = entry(package, pack(package))
        if not update and old.get(package.name, {}).get("integrity") != locked["integrity"]:
            problems.append(f"{package.name}: npm's tarball is not the one in the lock (use --update to take it)")
            continue
        lock[package.name] = locked
        for path, data in files.items():
            target = VENDOR / package.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    if not problems:
        LOCK.write_text(json.dumps(lock, indent=2) + "\n")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="only compare the files with the lock")
    parser.add_argument("--update", action="store_true", help="accept what npm gives and rewrite the lock")
    options = parser.parse_args()
    problems = [] if options.check else download(options.update)
    problems += differences()
    for problem in problems:
        sys.stderr.write(problem + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
