#!/usr/bin/env bash
# Builds the library and runs its core suites for other machines: `bash tools/machines.sh [aarch64|i686|portable|types]...`, the
# first three without an argument. docs/machines.md says what is known of each.
#
#   aarch64   Linux on 64-bit ARM, emulated by qemu
#   i686      Linux on 32-bit x86, by this machine's kernel
#   portable  this machine, on the path of systems other than Linux (`--cfg cells_portable`)
#   types     Windows and macOS: the library is only checked, not linked, and nothing runs
#
# What the first two and the last need comes from Debian's packages, into `target/machines` or CELLS_MACHINES_DIR, and nothing is
# installed: a compiler, standard libraries, linkers, C libraries, the emulator. Whoever has a toolchain with the target, and
# names linker and runner in cargo's own variables (CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER, …_RUNNER), uses that instead.
# Where neither can be had, it says `skipped`.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0
dir=${CELLS_MACHINES_DIR:-target/machines}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

packages=(-p runtime-cells -p cells-tests -p cells-tests-tasks)
features=(--features "runtime-cells/serde,runtime-cells/json,runtime-cells/metrics,runtime-cells/signal,runtime-cells/testing")
# What depends on how reads and closes are ordered, and on what else the system has.
reads=(--lib --test stress --test fork --test allocator)
suites=("${reads[@]}" --test no_cells --test threads --test tasks)

# apt COMMAND...: Debian's packages of three architectures, with lists of its own, so that the system's stay as they are.
apt() {
    local name=$1
    shift
    APT_CONFIG="$dir/apt/apt.conf" "apt-$name" "$@"
}

# unpack WHERE PACKAGE...: downloads Debian's packages and unpacks them there.
unpack() {
    local where=$1 deb
    shift
    mkdir -p "$where" "$dir/debs"
    rm -f "$dir"/debs/*
    (cd "$dir/debs" && apt get download "$@") || return 1
    for deb in "$dir"/debs/*.deb; do
        dpkg --fsys-tarfile "$deb" | tar -x -C "$where" --exclude ./usr/share \
            --exclude './usr/bin/qemu-[^a]*' || return 1
    done
    rm -rf "$dir/debs"
}

# package_lists: Debian's lists for three architectures; sets `rustc` and `version`, the first compiler that is new enough.
package_lists() {
    command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
    [[ $(dpkg --print-architecture) == amd64 ]] || return 1
    mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
    touch "$dir/apt/status"
    cat >"$dir/apt/apt.conf" <<CONF
APT::Architecture "amd64";
APT::Architectures { "amd64"; "arm64"; "i386"; };
APT::Sandbox::User "root";
Dir::State::Lists "$dir/apt/lists";
Dir::State::status "$dir/apt/status";
Dir::Cache "$dir/apt/cache";
Acquire::Languages "none";
CONF
    # A list of some other source may fail; what is needed is looked for below.
    apt get update || true
    local name
    for name in rustc-web rustc; do
        rustc=$name
        version=$(apt cache madison "$name" | cut -d'|' -f2 | tr -d ' ' | sort -V |
            while read -r version; do ! dpkg --compare-versions "$version" ge "$oldest" || echo "$version"; done | head -n 1)
        [[ -z $version ]] || return 0
    done
    return 1
}

# fetch: everything for both targets; `false` where that cannot be had. What is there already is not fetched again.
fetch() {
    [[ ! -e $dir/complete ]] || return 0
    local rustc version std architecture arch libstd
    package_lists || return 1
    std=libstd-${rustc/c/}-dev
    libstd=libstd-${rustc/c/}-${version%%.*}.$(cut -d. -f2 <<<"$version")
    rm -rf "$dir/host" "$dir/arm64" "$dir/i386"
    unpack "$dir/host" "$rustc=$version" "$std=$version" "$libstd=$version" "$std:arm64=$version" "$std:i386=$version" \
        gcc-12-aarch64-linux-gnu binutils-aarch64-linux-gnu gcc-12-i686-linux-gnu binutils-i686-linux-gnu qemu-user-static ||
        return 1
    for architecture in arm64 i386; do
        unpack "$dir/$architecture" {libc6,libc6-dev,libgcc-12-dev,libgcc-s1}":$architecture" || return 1
    done
    mkdir -p "$dir/bin"
    wrapper rustc rustc
    wrapper cc-aarch64 aarch64-linux-gnu-gcc-12 "--sysroot=$dir/arm64" "-B$dir/arm64/usr/lib/gcc/aarch64-linux-gnu/12/"
    # This machine may have no C library for 32 bits, so programs name the one that was unpacked.
    wrapper cc-i686 i686-linux-gnu-gcc-12 "--sysroot=$dir/i386" "-B$dir/i386/usr/lib/gcc/i686-linux-gnu/12/" \
        "-Wl,--dynamic-linker=$dir/i386/lib/ld-linux.so.2" "-Wl,-rpath,$dir/i386/lib/i386-linux-gnu"
    touch "$dir/complete"
}

# wrapper NAME PROGRAM ARGUMENT...: a program of the unpacked packages, with their libraries.
wrapper() {
    local name=$1 program=$2
    shift 2
    {
        echo '#!/bin/sh'
        echo "export LD_LIBRARY_PATH='$dir/host/usr/lib/x86_64-linux-gnu'"
        echo "exec '$dir/host/usr/bin/$program' ${*@Q} \"\$@\""
    } >"$dir/bin/$name"
    chmod +x "$dir/bin/$name"
}

# tools ARCH: sets compiler, linker and runner for that target; `false` where they cannot be had.
tools() {
    local arch=$1 target=$1-unknown-linux-gnu variable own
    variable=CARGO_TARGET_$(tr a-z- A-Z_ <<<"$target")
    own=$("${RUSTC:-rustc}" --print target-libdir --target "$target" 2>/dev/null) || own=
    if compgen -G "$own/libstd-*.rlib" >/dev/null; then
        return 0
    fi
    fetch >"$dir/fetch.log" 2>&1 || return 1
    export RUSTC=$dir/bin/rustc "${variable}_LINKER=$dir/bin/cc-$arch"
    if [[ $arch == aarch64 ]]; then
        # What takes longest under an emulator, as much shorter as that is slower.
        export CELLS_CIRCLE_ROUNDS=50 CELLS_CHAIN_LINKS=10000
        export "${variable}_RUNNER=$dir/host/usr/bin/qemu-aarch64-static -L $dir/arm64"
    fi
}

# fetch_source: the standard library's source; the cargo that goes with it is rustup's.
fetch_source() {
    cargo=${CELLS_OLDEST_CARGO:-$(rustup which --toolchain "$oldest.0" cargo)} || return 1
    fetch || return 1
    [[ ! -e $dir/source ]] || return 0
    local rustc version
    package_lists || return 1
    unpack "$dir/host" "${rustc/rustc/rust}-src=$version" || return 1
    [[ $("$dir/bin/rustc" --version) == "rustc $oldest."* ]] || return 1
    touch "$dir/source"
}

# run NAME ARGUMENT...: builds the tests and runs them; prints how many passed and how long both took.
run() {
    local name=$1 log=$dir/${1// /-}.log start=$SECONDS built passed code=0
    shift
    cargo test --locked --no-run "$@" >"$log" 2>&1 || code=$?
    built=$((SECONDS - start))
    start=$SECONDS
    [[ $code -ne 0 ]] || timeout 600 cargo test --locked --no-fail-fast "$@" >>"$log" 2>&1 </dev/null || code=$?
    passed=$(awk '/^test result: / { sum += $4 } END { print sum + 0 }' "$log")
    if [[ $code -ne 0 || $passed -eq 0 ]]; then
        cat "$log"
        echo "FAILED  $name: $passed tests passed"
        return 1
    fi
    grep -E '^ +Running|^test result|^read path|: skipped, because' "$log" | sed 's/^ */    /; s/ (.*//; s/; 0 ignored.*//'
    echo "ok      $name: $passed tests passed; built in $built s, ran in $((SECONDS - start)) s"
}

# types: checks the library for targets that no test can run for. Where it refuses one, it has to say why.
types() {
    local cargo
    if ! fetch_source >"$dir/fetch.log" 2>&1; then
        echo "skipped types: the standard library's source cannot be had from Debian's packages, or no cargo of Rust $oldest from rustup ($dir/fetch.log)"
        return
    fi
    local target code=0 log start
    # The standard library of these targets is in no package, so it is checked too: with the unstable `-Zbuild-std`.
    export RUSTC=$dir/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$dir/types
    for target in x86_64-pc-windows-msvc aarch64-apple-darwin wasm32-unknown-unknown armv5te-unknown-linux-gnueabi; do
        log=$dir/$target.log start=$SECONDS
        if "$cargo" check --locked -Zbuild-std=std,panic_abort --target "$target" -p runtime-cells \
            --no-default-features --features "$(types_features "$target")" >"$log" 2>&1; then
            echo "ok      $target: checked in $((SECONDS - start)) s"
        elif grep -E '^error: `runtime-cells` (does not support|needs)' "$log" | sed "s/^error: /ok      $target is refused: /"; then
            :
        else
            cat "$log"
            echo "FAILED  $target"
            code=1
        fi
    done
    return "$code"
}

# types_features TARGET: all features, or none where their dependencies do not support the target either.
types_features() {
    case $1 in
    wasm32-* | armv5te-*) ;;
    *) echo tracing,json,metrics,signal,testing ;;
    esac
}

machine() {
    local arch=$1 target=()
    # Its own, since two runs of cargo in one wait for each other.
    export CARGO_TARGET_DIR=$dir/$arch
    if [[ $arch == types ]]; then
        types
        return
    fi
    if [[ $arch == portable ]]; then
        # As on a system without `membarrier`, so there is no second path.
        export RUSTFLAGS="${RUSTFLAGS:-} --cfg cells_portable"
        run "portable" -p runtime-cells --all-features "${reads[@]}" --test no_cells
        return
    fi
    if ! tools "$arch"; then
        echo "skipped $arch: no compiler has the target, and Debian's packages cannot be had (Debian on x86-64; $dir/fetch.log)"
        return
    fi
    target=(--target "$arch-unknown-linux-gnu")
    local variable
    variable=CARGO_TARGET_$(tr a-z- A-Z_ <<<"$arch-unknown-linux-gnu")_RUNNER
    export CELLS_TEST_RUNNER=${!variable:-}
    "${RUSTC:-rustc}" --version
    local code=0
    # An emulator takes too long for all of it.
    if [[ $arch != aarch64 ]]; then
        packages+=(-p cells-tests-sandbox)
        reads+=(--test threads)
        suites+=(--test keys --test declarations --test sandbox)
    fi
    packages+=("${features[@]}")
    run "$arch" "${target[@]}" "${packages[@]}" "${suites[@]}" || code=1
    # Of the same programs, so that nothing is built again.
    CELLS_READ_PATH=fences run "$arch with fences" "${target[@]}" "${packages[@]}" "${reads[@]}" || code=1
    return "$code"
}

[[ $# -gt 0 ]] || set -- aarch64 i686 portable
for arch; do
    case $arch in
    # Once, before two of them need it.
    aarch64 | i686) (tools "$arch") || true ;;
    portable | types) ;;
    *)
        echo "usage: bash tools/machines.sh [aarch64|i686|portable|types]..." >&2
        exit 2
        ;;
    esac
done
# Beside each other: one is built while another runs, which waits for much of the time.
declare -A running
for arch; do
    (machine "$arch") >"$dir/$arch.out" 2>&1 &
    running[$arch]=$!
done
failed=0
for arch; do
    wait "${running[$arch]}" || failed=1
    cat "$dir/$arch.out"
done
exit "$failed"
