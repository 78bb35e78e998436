"""Fuzz one parser with atheris from the captured sessions: `tools/fuzz/fuzz.sh TARGET [-max_total_time=300]`.

What it finds interesting stays in build/fuzz/TARGET, a failing input in build/fuzz/TARGET-crash-…; the arguments after
the target are libFuzzer's.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ingest", "vms.rules", "recorder"]):
    from tools.fuzz.targets import TARGETS

CORPUS = Path(__file__).parents[2] / "build" / "fuzz"


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: fuzz.sh {'|'.join(TARGETS)} [libFuzzer options]")
    name = sys.argv[1]
    corpus = CORPUS / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(TARGETS[name].seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [f"-artifact_prefix={CORPUS}/{name}-", "-max_len=8192", "-rss_limit_mb=1024", "-timeout=10"]
    atheris.Setup([sys.argv[0], str(corpus), *options, *sys.argv[2:]], TARGETS[name].run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
