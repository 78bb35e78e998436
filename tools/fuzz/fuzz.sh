#!/usr/bin/env bash
# Fuzz a parser of camera bytes: tools/fuzz/fuzz.sh soap|mp4|sdp|… [-max_total_time=300]
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/setup.sh
setup_venv requirements-dev.lock
.venv/bin/python -c 'import atheris' 2>/dev/null || {
    say "Installing atheris (for fuzzing only)"
    .venv/bin/pip install --quiet --disable-pip-version-check --only-binary=:all: atheris==3.0.0
}
PYTHONPATH=. exec .venv/bin/python -m tools.fuzz.run "$@"
