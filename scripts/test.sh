#!/usr/bin/env bash
# Every check, in order of cost; stops at the first that fails. `make test` sets up and then runs this.
# The Rust tests come last, so that their closing line is near the end of the output.
set -euo pipefail
cd "$(dirname "$0")/.."

passed=()
skipped=()

# step NAME COMMAND…
step() {
    local name=$1
    shift
    echo "── $name"
    if ! "$@"; then
        printf 'error: test: %s failed\nhint: run it alone: %s\n' "$name" "$*" >&2
        exit 1
    fi
    passed+=("$name")
}

# optional NAME TOOL COMMAND…: a check whose tool is not part of the set-up.
optional() {
    local name=$1 tool=$2
    shift 2
    if command -v "$tool" >/dev/null; then
        step "$name" "$@"
    else
        echo "── $name: skipped, $tool is not installed"
        skipped+=("$name ($tool is not installed)")
    fi
}

step "format" cargo fmt --all --check
optional "spelling" typos typos
optional "dependencies" cargo-deny cargo deny --offline check bans licenses sources
if [ -f examples/check.py ]; then
    step "the example's questions" python3 examples/check.py
fi
step "the page" npm --prefix widget test --silent
step "the page in a browser" npm --prefix widget run test:page --silent
step "lints" cargo clippy --release --workspace --all-targets -- -D warnings
# The stories of tests/ run the real binaries, which a test build alone does not make.
step "build" cargo build --release --workspace
beside=()
if [ -n "${FOOTNOTE_POSTGRES_URL:-}" ]; then
    :
elif command -v initdb >/dev/null || compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null; then
    beside=(scripts/with-postgres)
else
    skipped+=("the catalog in PostgreSQL (it is not installed, and FOOTNOTE_POSTGRES_URL names no database)")
fi
if command -v cargo-nextest >/dev/null; then
    step "tests" "${beside[@]}" cargo nextest run --release --workspace
else
    # Building nextest costs minutes and the tests run without it, only slower to read.
    echo "── cargo-nextest is not installed: cargo test takes its place"
    step "tests" "${beside[@]}" cargo test --release --workspace
fi

[ -n "${FOOTNOTE_QDRANT_URL:-}" ] || skipped+=("all against a Qdrant server (FOOTNOTE_QDRANT_URL names none: docs/qdrant.md)")
[ -n "${FOOTNOTE_OPENAI_URL:-}" ] || skipped+=("answers by a model server (FOOTNOTE_OPENAI_URL names none: docs/engines.md)")
[ -n "${FOOTNOTE_QDRANT_BINARY:-}" ] || skipped+=("a killed node of a cluster (FOOTNOTE_QDRANT_BINARY names no server)")

echo
echo "passed: $(printf '%s, ' "${passed[@]}" | sed 's/, $//')"
[ ${#skipped[@]} -eq 0 ] || echo "skipped: $(printf '%s, ' "${skipped[@]}" | sed 's/, $//')"
