#!/usr/bin/env bash
# Measures what the library with its default features adds to a program: packages, the time of a first build, bytes.
#
#     bash tools/weight.sh [ROUNDS] [LIBRARY]
#
# It generates four small programs under target/weight: a `LazyLock`, one cell, and for comparison one that depends on
# tokio (with `rt`) and one that depends on moka (with `sync`). A build is a release build from nothing, dependencies
# included; its time is the median processor time (user and system, so that the load of the machine matters less) of
# ROUNDS rounds (3 by default), in which the programs take turns. The size is that of the stripped program beyond the
# one with the `LazyLock`. LIBRARY is the directory of the library, by default that of this repository; so another
# checkout can be compared.
#
# It needs cargo, and downloads what it does not have yet.
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=${1:-3}
library=$(realpath "${2:-cells}")
work=$PWD/target/weight
programs=(LazyLock cell tokio moka)
export CARGO_INCREMENTAL=0 CARGO_TERM_QUIET=true

# dependency PROGRAM
dependency() {
    case $1 in
        cell) echo "cells = { package = \"$(sed -n '0,/^name = "\(.*\)"/s//\1/p' "$library/Cargo.toml")\", path = \"$library\" }" ;;
        tokio) echo 'tokio = { version = "1", default-features = false, features = ["rt"] }' ;;
        moka) echo 'moka = { version = "0.12", features = ["sync"] }' ;;
    esac
}

# source_of PROGRAM
source_of() {
    case $1 in
        LazyLock)
            echo 'static NUMBER: std::sync::LazyLock<usize> = std::sync::LazyLock::new(|| std::env::args().count());'
            echo 'fn main() { println!("{}", *NUMBER); }'
            ;;
        cell)
            echo '#[cells::runtime_cell]'
            echo 'fn number() -> usize { std::env::args().count() }'
            echo 'fn main() { println!("{}", *number()); }'
            ;;
        tokio)
            echo 'fn main() {'
            echo '    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();'
            echo '    println!("{}", runtime.block_on(async { std::env::args().count() }));'
            echo '}'
            ;;
        moka)
            echo 'fn main() {'
            echo '    let cache = moka::sync::Cache::new(1);'
            echo '    println!("{}", cache.get_with(1, || std::env::args().count()));'
            echo '}'
            ;;
    esac
}

# generate PROGRAM
generate() {
    local dir=$work/$1
    mkdir -p "$dir/src"
    {
        printf '[package]\nname = "program"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n'
        printf '[profile.release]\nstrip = true\n[dependencies]\n'
        dependency "$1"
    } >"$dir/Cargo.toml"
    cp "$(dirname "$library")/Cargo.lock" "$dir/Cargo.lock"
    source_of "$1" >"$dir/src/main.rs"
    cargo fetch --manifest-path "$dir/Cargo.toml"
}

# packages PROGRAM: how many it is built from, without itself.
packages() {
    cargo tree --manifest-path "$work/$1/Cargo.toml" -e normal --prefix none --no-dedupe --format '{p}' | sort -u | grep -vc '^program '
}

# build PROGRAM: the milliseconds of a build from nothing.
build() {
    rm -rf "$work/$1/target"
    local TIMEFORMAT='%3U %3S'
    { time cargo build --release --offline --manifest-path "$work/$1/Cargo.toml" --target-dir "$work/$1/target" 2>"$work/errors"; } 2>&1 |
        awk '{ printf "%d\n", ($1 + $2) * 1000 }'
}

declare -A times
for program in "${programs[@]}"; do generate "$program"; done
for ((round = 0; round < rounds; round++)); do
    for program in "${programs[@]}"; do times[$program]+="$(build "$program")"$'\n'; done
done

median() {
    sort -n | awk 'NF { v[++n] = $1 } END { print v[int((n + 1) / 2)] }'
}

size_of() {
    stat -c %s "$work/$1/target/release/program"
}

printf '%-10s%10s%14s%10s%14s\n' "" packages "build, ms" "of tokio" "more bytes"
tokio=$(median <<<"${times[tokio]}")
for program in "${programs[@]}"; do
    took=$(median <<<"${times[$program]}")
    printf '%-10s%10d%14d%10s%14d\n' "$program" "$(packages "$program" || true)" "$took" \
        "$(awk -v a="$took" -v b="$tokio" 'BEGIN { printf "%.2f", a / b }')" $(($(size_of "$program") - $(size_of LazyLock)))
done
