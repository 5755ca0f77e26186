#!/usr/bin/env bash
# Makes a fresh machine ready: `scripts/setup.sh` for building and running, `scripts/setup.sh --test` for the tests too.
# Installs only what is missing, says what, and then fills the models folder. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "setup: $*"; }
fail() {
    printf 'error: setup: %s\nhint: %s\n' "$1" "$2" >&2
    exit 1
}

# llama.cpp is built with cmake, clang reads its headers; the others are what Rust crates with C parts need.
packages=(build-essential cmake clang libclang-dev pkg-config ca-certificates python3 python3-venv)
case "${1:-}" in
    # pdftotext judges our PDF reading; the page is tested in a browser; the catalog in a database of its own
    --test) packages+=(poppler-utils chromium postgresql) ;;
    "") ;;
    *) fail "unknown option $1" "use --test, or nothing" ;;
esac

install_packages() {
    if ! command -v dpkg >/dev/null || ! command -v apt-get >/dev/null; then
        say "not a Debian or Ubuntu system: make sure that these (or their like) are installed: ${packages[*]}"
        return
    fi
    local missing=() package
    for package in "${packages[@]}"; do
        dpkg -s "$package" 2>/dev/null | grep -q '^Status: install ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "these packages are missing: ${missing[*]}" "install them as root: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    say "installing system packages: ${missing[*]}"
    "${as_root[@]}" apt-get update -qq || say "the package lists could not be renewed; trying with the old ones"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        fail "apt-get could not install: ${missing[*]}" "run \`apt-get install ${missing[*]}\` and read what it says"
}

# at_least NAME NEEDED FOUND HINT
at_least() {
    [ -n "$3" ] || fail "$1 is missing, and $2 or later is needed" "$4"
    [ "$(printf '%s\n%s\n' "$2" "$3" | sort -V | head -n 1)" = "$2" ] || fail "$1 $3 is too old: $2 or later is needed" "$4"
}

version_of() { "$@" --version 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1 || true; }

check_tools() {
    at_least rustc 1.95 "$(version_of rustc)" "install Rust with rustup, or run \`rustup update stable\`"
    at_least node 20 "$(version_of node)" "install Node.js 20 or later, with npm"
    command -v npm >/dev/null || fail "npm is missing" "install npm: it comes with Node.js, or as a package of its own"
    at_least python3 3.11 "$(version_of python3)" "install Python 3.11 or later"
}

install_packages
check_tools
python3 scripts/models
