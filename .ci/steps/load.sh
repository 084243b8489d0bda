# The library under load. One selection of packages for all that is built with optimization, so that it is built once.

load=(-p runtime-cells -p cells-tests-soak -p cells-tests-hostile)

# The read path under load on this machine, in both variants.
stress() {
    export CELLS_STRESS_MS=3000
    cargo test --release "${load[@]}" --lib --test stress
    CELLS_READ_PATH=fences cargo test --release "${load[@]}" --lib --test stress --test fork --test allocator
}

# Everything at once on threads, tasks and ending runtimes, for ten seconds beside building.
soak() {
    cargo test --release --no-run "${load[@]}" --test soak
    CELLS_SOAK_SECONDS=10 timeout 40 cargo test --release "${load[@]}" --test soak
}

# Optimized, because that is what the smallest stacks are for. One scenario builds the first of these again.
hostile() {
    cargo rustc --release -p cells-tests-hostile --bin panic_abort -- -C panic=abort
    cargo test --release --no-run "${load[@]}" --test hostile
    timeout 50 cargo test --release "${load[@]}" --test hostile
}

# The same under AddressSanitizer. The tests of forgotten leases leak on purpose; the stress test must not.
sanitizer() {
    has_nightly || skip "it needs a nightly toolchain, and none is installed"
    export CELLS_STRESS_MS=3000 RUSTFLAGS=-Zsanitizer=address
    local asan=(cargo +nightly test --release -p runtime-cells --target x86_64-unknown-linux-gnu --target-dir target/asan)
    "${asan[@]}" --test stress
    ASAN_OPTIONS=detect_leaks=0 "${asan[@]}" --lib --test fork --test allocator
}

part load
step "stress" stress
step "soak" soak
step "hostile surroundings" hostile
step "sanitizer" sanitizer
