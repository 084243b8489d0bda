#!/usr/bin/env bash
# Prints what 300 cells cost, by comparing a program of one cell with one of 300: the time of `cargo check`, and of a
# ready read. Each check is the median of five, with the dependencies already built.
set -euo pipefail
cd "$(dirname "$0")/../../.."
target=target/graph-cost

check() {
    export CELLS_GRAPH_CELLS=$1
    local took=()
    cargo check --quiet -p cells-graph-program --lib --target-dir "$target"
    for _ in 1 2 3 4 5; do
        touch tests/programs/graph/lib.rs
        local start=${EPOCHREALTIME/./}
        cargo check --quiet -p cells-graph-program --lib --target-dir "$target"
        took+=($((${EPOCHREALTIME/./} - start)))
    done
    mapfile -t took < <(printf '%s\n' "${took[@]}" | sort -n)
    echo "cargo check, $1 cells: $((took[2] / 1000)) ms (from $((took[0] / 1000)) to $((took[4] / 1000)))"
}

check 1
check 300
for cells in 1 300; do
    CELLS_GRAPH_CELLS=$cells cargo bench --quiet -p cells-graph-program --target-dir "$target"
done
