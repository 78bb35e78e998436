# Sourced by ./demo and ./check: makes .venv with the pinned dependencies. Says what it does.
# Usage: setup_venv requirements.lock

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# apt_install PACKAGE…: installs what is missing; needs root or sudo.
apt_install() {
    command -v apt-get >/dev/null || { say "Please install: $*"; return 1; }
    say "Installing $* from the distribution"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# The first Python of at least 3.11.
find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    return 1
}

setup_venv() {
    local lock=$1 python stamp
    python=$(find_python) || { apt_install python3 python3-venv && python=$(find_python); } ||
        { say "Uitkijk needs Python 3.11 or newer."; return 1; }
    if [ ! -x .venv/bin/pip ]; then
        say "Making .venv with $("$python" --version)"
        "$python" -m venv .venv 2>/dev/null || { rm -rf .venv; apt_install python3-venv && "$python" -m venv .venv; }
    fi
    stamp=.venv/installed-$(cat "$lock" pyproject.toml | sha256sum | cut -c1-16)
    if [ ! -e "$stamp" ]; then
        say "Installing the dependencies pinned in $lock (about a minute)"
        .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
        .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . 2>/dev/null ||
            .venv/bin/pip install --quiet --disable-pip-version-check --no-deps -e .
        rm -f .venv/installed-*
        touch "$stamp"
    fi
}
