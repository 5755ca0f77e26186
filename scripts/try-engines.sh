#!/usr/bin/env bash
# Tries engines elsewhere for real: two model servers on this machine, answers from each, and one killed for fail-over.
# usage: scripts/try-engines.sh [FOLDER]   (FOLDER keeps the servers' Python environments; default: target/model-servers)
# The servers come from PyPI: llama-cpp-python's (built here, ten CPU minutes) and llama.cpp's own, as xllamacpp ships it.
set -euo pipefail
cd "$(dirname "$0")/.."

venvs=${1:-target/model-servers}
footnote=${FOOTNOTE_BINARY:-target/release/footnote}
model=${FOOTNOTE_GGUF:-$(find "${FOOTNOTE_MODELS:-$HOME/.cache/footnote/models}" -name '*.gguf' | head -n 1)}
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

[ -x "$footnote" ] || { echo "error: $footnote is missing"; echo "hint: make build"; exit 1; } >&2
[ -f "$model" ] || { echo "error: no GGUF file"; echo "hint: make models, or FOOTNOTE_GGUF=FILE"; exit 1; } >&2

# install NAME COMMAND…: a Python environment, made once
install() {
    [ -x "$venvs/$1/bin/python" ] || python3 -m venv "$venvs/$1"
    [ -e "$venvs/$1/done" ] || { "$venvs/$1/bin/pip" install -q "${@:2}" && touch "$venvs/$1/done"; }
}

# No -march=native: a hypervisor may advertise what it does not have.
export CMAKE_ARGS="-DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON"
install llama 'llama-cpp-python[server]'
servers=("http://127.0.0.1:18081/v1")
"$venvs/llama/bin/python" -m llama_cpp.server --model "$model" --n_ctx 2048 --host 127.0.0.1 --port 18081 \
    >"$work/llama.log" 2>&1 &
pids+=($!)
if install xllama xllamacpp; then
    servers+=("http://127.0.0.1:18082/v1")
    "$venvs/xllama/bin/python" scripts/llama-server.py "$model" 18082 >"$work/xllama.log" 2>&1 &
    pids+=($!)
else
    echo "SKIPPED: the second server: xllamacpp cannot be installed here" >&2
fi

for url in "${servers[@]}"; do
    for _ in $(seq 120); do
        curl -sf --noproxy '*' "$url/models" >/dev/null && continue 2
        sleep 1
    done
    echo "error: $url did not start; see below" >&2
    tail -n 20 "$work"/*.log >&2
    exit 1
done

export FOOTNOTE_DATA=$work/data
{
    printf '[generation]\nengine = "openai"\n'
    for url in "${servers[@]}"; do
        printf '[[generation.endpoints]]\nurl = "%s"\nmodel = "any"\ngrammar = "llama-cpp"\n' "$url"
    done
} >"$work/footnote.toml"
ask() { "$footnote" --config "$work/footnote.toml" "$@"; }

ask ingest examples/handbook >/dev/null
echo "── every endpoint"
ask doctor
question="What temperature should I use with Mistral Small 3?"
echo "── both are up"
ask ask "$question"
echo "── the first is killed"
kill "${pids[0]}" && wait "${pids[0]}" 2>/dev/null || true
ask ask "$question"
if [ ${#servers[@]} -gt 1 ]; then
    echo "── both are killed: the evidence is quoted"
    kill "${pids[1]}" && wait "${pids[1]}" 2>/dev/null || true
    ask ask "$question"
fi
