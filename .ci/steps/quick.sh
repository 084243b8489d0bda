# What needs no build, and what only checks the code.

toolchain() {
    rustup show active-toolchain || rustup toolchain install
    cargo --version
    cc --version
}

format() {
    cargo fmt --all --check
}

clippy() {
    cargo clippy --workspace --all-targets --all-features -- -D warnings
}

# By `_typos.toml`.
spelling() {
    need typos
    typos --version
    typos --format brief
}

# Licenses, sources and what the library must not bring along, by `deny.toml`. The vulnerabilities that are known need a
# database, which no package registry has.
deny() {
    need cargo-deny
    local deny=(cargo-deny --offline --all-features) targets=()
    if [[ $(cargo-deny --version) == "cargo-deny 0.14."* ]]; then
        # It asks `CARGO` for the packages, and knows their ids as Cargo wrote them before 1.77.
        export CARGO=$PWD/.ci/metadata.py
    fi
    "${deny[@]}" check licenses sources
    for target in x86_64-unknown-linux-gnu aarch64-apple-darwin x86_64-pc-windows-msvc; do
        targets+=(--target "$target")
    done
    "${deny[@]}" --manifest-path cells/Cargo.toml --exclude-dev "${targets[@]}" check bans
    local database=${CELLS_ADVISORY_DB:-~/.cargo/advisory-db}
    if [[ -d $database ]]; then
        "${deny[@]}" check --disable-fetch advisories
    else
        echo "skipped advisories: there is no database in CELLS_ADVISORY_DB or ~/.cargo/advisory-db"
    fi
}

part quick
step "toolchain" toolchain
step "format" format
step "clippy" clippy
step "spelling" spelling pypi
step "deny" deny pypi
