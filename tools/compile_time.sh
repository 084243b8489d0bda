#!/usr/bin/env bash
# Measures what a declaration costs in compile time and binary size: fallible cells, compared with
# `#[cached::macros::once(sync_writes = true)]` functions and `LazyLock` statics.
#
#     bash tools/compile_time.sh [ITEMS] [ROUNDS]
#
# It generates a package for each contender under target/compile_time, with ITEMS declarations (500 by default) and a
# function that uses each, and times `cargo check`, `cargo build` and `cargo build --release` of that package alone: its
# dependencies are built before, and incremental compilation is off. A time is the median processor time (user and
# system, so that the load of the machine matters less) of ROUNDS rounds (3 by default), in which the contenders take
# turns. The size is the growth of the `.text` section for each item after the first, which brings its library along.
#
# It needs cargo, and `size` from binutils. Every payload has its own type, as in a real program.
set -euo pipefail
cd "$(dirname "$0")/.."

items=${1:-500}
rounds=${2:-3}
root=$PWD
work=$root/target/compile_time
contenders=(cells cached LazyLock)
export CARGO_TARGET_DIR=$work/target CARGO_INCREMENTAL=0 CARGO_TERM_QUIET=true

# declaration CONTENDER NUMBER: one item, and `use_NUMBER`, which `main` calls.
declaration() {
    local n=$2
    echo "pub struct P$n(pub u64);"
    case $1 in
        cells)
            echo "#[cells::runtime_cell]"
            echo "fn get_$n() -> Result<P$n, ParseIntError> { Ok(P$n(\"$n\".parse()?)) }"
            ;;
        cached)
            # A `cached` function returns a clone.
            echo "impl Clone for P$n { fn clone(&self) -> Self { P$n(self.0) } }"
            echo "#[cached::macros::once(sync_writes = true)]"
            echo "fn get_$n() -> Result<P$n, ParseIntError> { Ok(P$n(\"$n\".parse()?)) }"
            ;;
        LazyLock)
            echo "static S$n: LazyLock<Result<P$n, ParseIntError>> = LazyLock::new(|| Ok(P$n(\"$n\".parse()?)));"
            echo "fn get_$n() -> Result<&'static P$n, &'static ParseIntError> { S$n.as_ref() }"
            ;;
    esac
    echo "#[inline(never)] fn use_$n() -> u64 { if let Ok(payload) = get_$n() { payload.0 } else { 0 } }"
}

# package CONTENDER ITEMS: writes the package and prints its name.
package() {
    local contender=$1 count=$2 name
    name=$(tr '[:upper:]' '[:lower:]' <<<"$contender")_$count
    mkdir -p "$work/$name/src"
    {
        printf '[package]\nname = "%s"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n[dependencies]\n' "$name"
        case $contender in
            cells) echo "runtime-cells = { path = \"$root/cells\" }" ;;
            cached) echo 'cached = "4.1"' ;;
        esac
    } >"$work/$name/Cargo.toml"
    cp "$root/Cargo.lock" "$work/$name/Cargo.lock"
    {
        echo "#![allow(dead_code, unused_imports, unused_mut)]"
        echo "use std::num::ParseIntError;"
        echo "use std::sync::LazyLock;"
        for ((n = 0; n < count; n++)); do declaration "$contender" "$n"; done
        echo "fn main() {"
        echo "    let mut sum = 0;"
        for ((n = 0; n < count; n++)); do echo "    sum += use_$n();"; done
        echo "    println!(\"{sum}\");"
        echo "}"
    } >"$work/$name/src/main.rs"
    echo "$name"
}

# compile NAME MODE: the command that is timed.
compile() {
    local command=build flags=()
    case $2 in
        check) command=check ;;
        release) flags=(--release) ;;
    esac
    cargo "$command" --manifest-path "$work/$1/Cargo.toml" "${flags[@]}"
}

# measure NAME MODE: the milliseconds of one compilation of the package alone.
measure() {
    touch "$work/$1/src/main.rs"
    local TIMEFORMAT='%3U %3S'
    { time compile "$1" "$2" 2>"$work/errors"; } 2>&1 | awk '{ printf "%d\n", ($1 + $2) * 1000 }'
}

median() {
    sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# text NAME PROFILE: the bytes of the `.text` section.
text() {
    size -A "$CARGO_TARGET_DIR/$2/$1" | awk '$1 == ".text" { print $2 }'
}

declare -A names times sizes
for contender in "${contenders[@]}"; do
    names[$contender]=$(package "$contender" "$items")
    first=$(package "$contender" 1) # this also builds the dependencies
    for mode in check debug release; do compile "$first" "$mode"; done
done
for mode in check debug release; do
    for ((round = 0; round < rounds; round++)); do
        for contender in "${contenders[@]}"; do
            times[$contender.$mode]+="$(measure "${names[$contender]}" "$mode") "
        done
    done
done
for profile in debug release; do
    for contender in "${contenders[@]}"; do
        first=$(package "$contender" 1)
        sizes[$contender.$profile]=$((($(text "${names[$contender]}" "$profile") - $(text "$first" "$profile")) / (items - 1)))
    done
done

# row LABEL UNIT VALUE...: the values of the contenders, each with its ratio to that of `cached`.
row() {
    local label=$1 unit=$2
    shift 2
    awk -v label="$label" -v unit="$unit" -v cached="$2" 'BEGIN {
        line = sprintf("%-22s", label)
        for (i = 1; i < ARGC; i++) line = line sprintf("%10d %s %6.2f", ARGV[i], unit, ARGV[i] / cached)
        print line
        exit
    }' "$@"
}

printf '%s declarations, median of %s; each with its ratio to cached\n' "$items" "$rounds"
printf '%-22s%20s%20s%20s\n' "" "${contenders[@]}"
for mode in check debug release; do
    row "$mode" ms $(for contender in "${contenders[@]}"; do tr ' ' '\n' <<<"${times[$contender.$mode]% }" | median; done)
done
for profile in debug release; do
    row ".text per item, $profile" "B " $(for contender in "${contenders[@]}"; do echo "${sizes[$contender.$profile]}"; done)
done
