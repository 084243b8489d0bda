#!/usr/bin/env bash
# Runs what examples/README.md shows with a line `$ cargo run …`, and fails if the output lacks a line that is shown there:
# `bash tools/examples.sh`, or with a part of the command: `bash tools/examples.sh quickstart`. Numbers, times and the
# widths of columns may differ; `…` stands for anything.
set -uo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
ran=0 wrong=0
# With the features of the whole workspace, as the tests; those of one package alone are others, and would be built once more.
cargo build --quiet --workspace --bins --examples || exit 1
target=${CARGO_TARGET_DIR:-target}/debug

# From standard input: numbers and units become `#`, and spaces between columns one.
plain() {
    sed -E 's/[0-9]+(\.[0-9]+)?((ns|µs|ms|s)\b)?/#/g; s/\.tmp[A-Za-z0-9#]+/.tmp/g; s/ +/ /g; s/ $//'
}

# From a `cargo run …` on standard input: the program that it would run, with its arguments.
program() {
    sed -E "s|^cargo run --example ([a-z_]+)( --)?|$target/examples/\1|; s|^cargo run -p ([a-z_]+)( --)?|$target/\1|"
}

check() {
    local command=$1 shown=$2 line
    [[ $command == *"${only:-}"* ]] || return
    ran=$((ran + 1))
    echo "$command"
    $(program <<<"$command") >"$dir/out" 2>&1 </dev/null || { echo "    it failed"; tail -n 5 "$dir/out"; wrong=$((wrong + 1)); }
    plain <"$dir/out" >"$dir/plain"
    while read -r line; do
        [[ $line != … && -n $line ]] || continue
        # Each part of the line literally, and anything in between.
        line=$(sed -e 's/[][\.*^$/]/\\&/g' -e 's/ *…/.*/g' <<<"$line")
        grep -q -- "^ *$line\$" "$dir/plain" || { echo "    lacks: $line"; wrong=$((wrong + 1)); }
    done < <(plain <"$shown")
}

only=${1:-}
awk -v dir="$dir" '
    /^```/ { inside = !inside && $0 == "```text"; shown = ""; next }
    inside && shown == "" && /^\$ cargo run / { shown = dir "/" ++count ".shown"; print substr($0, 3) > (dir "/" count ".command"); next }
    inside && shown == "" { inside = 0 }
    inside { print > shown }
' examples/README.md
for command in "$dir"/*.command; do
    check "$(cat "$command")" "${command%.command}.shown"
done
echo "$ran programs, $wrong lines are not as examples/README.md shows them"
[[ $ran -gt 0 && $wrong -eq 0 ]]
