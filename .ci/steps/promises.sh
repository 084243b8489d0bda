# What the packages promise: with every set of features, with old compilers and dependencies, and to who has them already.

# Sets of the library's features, in which each two choices meet: `serde` or `json` or neither, `tokio` or `signal` or
# neither, and each of the others or not. `CELLS_FEATURES=all` tries all 72.
feature_sets() {
    local tracing serde tokio testing metrics
    if [[ ${CELLS_FEATURES:-} != all ]]; then
        printf '%s\n' , tracing,testing,tokio testing,metrics,signal
        printf 'serde,%s\n' tracing,testing,metrics metrics,tokio tracing,signal
        printf 'json,%s\n' tracing,metrics testing,tokio tracing,testing,metrics,signal
        return
    fi
    for tracing in "" tracing; do
        for serde in "" serde json; do
            for tokio in "" tokio signal; do
                for testing in "" testing; do
                    for metrics in "" metrics; do
                        echo "$tracing,$serde,$tokio,$testing,$metrics"
                    done
                done
            done
        done
    done
}

features() {
    local sets set
    sets=$(feature_sets)
    for set in $sets; do
        echo "features: $set"
        cargo clippy --quiet -p runtime-cells --no-default-features --features "$set" -- -D warnings
    done
    echo "$(wc -l <<<"$sets") sets"
}

# What would be published, built from the packages alone. That needs no registry once everything has been downloaded.
package() {
    cargo package --offline --locked --allow-dirty --all-features -p runtime-cells-macros -p runtime-cells 2>&1 |
        tee target/ci/package.out
    if grep '^warning' target/ci/package.out; then return 1; fi
    local package file expected
    expected=$'^(\\.cargo_vcs_info\\.json|Cargo\\.(toml|toml\\.orig|lock)|README\\.md|LICENSE-(MIT|APACHE)'
    expected+=$'|(src|tests)/[a-z0-9_/]+\\.rs|src/(guide/)?[a-z_]+\\.md|src/picture/[a-z]+\\.(css|js))$'
    for package in runtime-cells runtime-cells-macros; do
        cargo package --list --offline --locked --allow-dirty -p "$package" >target/ci/files.out
        cat target/ci/files.out
        for file in README.md LICENSE-MIT LICENSE-APACHE src/lib.rs; do
            grep -qxF "$file" target/ci/files.out
        done
        if grep -vE "$expected" target/ci/files.out; then return 1; fi
    done
}

# What was recorded of the public interface (`tools/record_api.sh`) is still there: no program that builds with it
# breaks. The keys of the attribute are compared by their names.
compatible() {
    need cargo-semver-checks
    local root=$PWD recorded=$PWD/target/ci/recorded package key
    rm -rf "$recorded"
    mkdir -p "$recorded"
    tar -xJf .ci/api.tar.xz -C "$recorded"
    # Of the same dependencies as the present one, which are built once.
    cp Cargo.lock "$recorded"
    public_api "$recorded" recorded
    public_api . present
    for package in cells cells_macros; do
        cargo semver-checks --baseline-rustdoc "target/ci/recorded.$package.json" \
            --current-rustdoc "target/ci/present.$package.json" --release-type minor
    done
    keys_of "$recorded" >target/ci/recorded.keys
    keys_of . >target/ci/present.keys
    [[ $(wc -l <target/ci/recorded.keys) -gt 20 ]]
    for key in $(cat target/ci/recorded.keys); do
        grep -qx "$key" target/ci/present.keys || { echo "the attribute has no key \`$key\` any more" && return 1; }
    done
}

# public_api DIRECTORY NAME: writes the public interface of its packages as `target/ci/NAME.CRATE.json`.
public_api() {
    local crate
    (cd "$1" && RUSTDOC=$root/.ci/rustdoc_json.sh cargo doc --no-deps --all-features -p runtime-cells \
        -p runtime-cells-macros --target-dir "$root/target/api")
    for crate in cells cells_macros; do
        mv "target/api/doc/$crate.json" "target/ci/$2.$crate.json"
    done
}

# keys_of DIRECTORY: the names of the attribute's keys.
keys_of() {
    sed -n '/const KEYS/,/^\];/p' "$1/cells-macros/src/parse/keys.rs" | grep -oP '(?<![a-z_])name: "\K[^"]+' | sort
}

# The minimum compiler, as the workspace's manifest names it.
oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

# find_oldest: sets `old_cargo` and exports RUSTC, from CELLS_OLDEST_CARGO and CELLS_OLDEST_RUSTC or from rustup.
find_oldest() {
    local toolchain
    if [[ -n ${CELLS_OLDEST_CARGO:-} && -n ${CELLS_OLDEST_RUSTC:-} ]]; then
        old_cargo=$CELLS_OLDEST_CARGO
        export RUSTC=$CELLS_OLDEST_RUSTC
        return
    fi
    toolchain=$(rustup toolchain list | grep -oE "^${oldest//./\\.}(\.0)?-[^ ]*" | head -n 1)
    [[ -n $toolchain ]] || return 1
    old_cargo=$(rustup which --toolchain "$toolchain" cargo)
    RUSTC=$(rustup which --toolchain "$toolchain" rustc)
    export RUSTC
}

# The library and the suites that hold the contract, by the minimum compiler. What the compiler says about mistakes
# (`ui`) belongs to the pinned one. All in one call, so that the library is built once. Where the step `other machines`
# has run the same suites by the same compiler for another processor, it is enough that they compile for this one.
oldest_compiler() {
    (find_oldest) || skip "no Rust $oldest, neither from rustup nor in CELLS_OLDEST_CARGO and CELLS_OLDEST_RUSTC"
    find_oldest
    "$RUSTC" --version | tee /dev/stderr | grep -F "rustc $oldest."
    export CARGO_TARGET_DIR=target/oldest
    local suites=(--locked -p runtime-cells -p cells-tests -p cells-tests-tasks -p cells-tests-sandbox --all-features
        --lib --test threads --test keys --test declarations --test tasks --test sandbox)
    "$old_cargo" check --locked -p runtime-cells --no-default-features
    if grep -s "^rustc $oldest\." "$logs/other-machines.log" && grep "^ok      i686:" "$logs/other-machines.log"; then
        "$old_cargo" check "${suites[@]}"
    else
        "$old_cargo" test "${suites[@]}"
    fi
}

# The library with the lowest versions its manifests allow, resolved by nightly and built by the pinned compiler. The
# other packages are left out: their dependencies would raise the versions.
minimal_versions() {
    has_nightly || skip "it needs a nightly toolchain, and none is installed"
    local copy=target/ci/minimal
    rm -rf "$copy"
    mkdir -p "$copy"
    git ls-files -z | xargs -0 cp --parents --no-dereference -t "$copy"
    cd "$copy"
    sed -i '/^members = \[/,/\]/c members = ["cells", "cells-macros"]' Cargo.toml
    cargo +nightly update -Z direct-minimal-versions
    cargo check -p runtime-cells --all-features --target-dir ../../minimal
}

has_nightly() {
    rustup toolchain list | grep -q ^nightly
}

part promises
step "features" features
step "package" package
step "minimal versions" minimal_versions
step "oldest compiler" oldest_compiler
step "compatible" compatible semver_checks
