# The protocol, under model checkers.

# The models run under shuttle's scheduler, in a separate target directory: the flag rebuilds everything.
protocol() {
    RUSTFLAGS="--cfg cells_shuttle -C debug-assertions" cargo test -p cells-tests-models --release --target-dir target/shuttle |
        tee target/ci/models.out
    grep -E '^test result: ok\. [1-9][0-9]* passed' target/ci/models.out || {
        echo "no model ran"
        return 1
    }
}

# The reader counters on loom's atomics, in two processes. They fail if a model explored nothing.
counters() {
    RUSTFLAGS="--cfg cells_loom" cargo build --release -p cells-models --target-dir target/loom
    target/loom/release/cells-models --even >target/ci/even.out 2>&1 &
    target/loom/release/cells-models --odd
    wait $! || { cat target/ci/even.out && return 1; }
    cat target/ci/even.out
}

# A program that runs models of itself sets these flags for every crate it depends on; the library has its own.
foreign_flags() {
    RUSTFLAGS="--cfg loom --cfg shuttle" cargo check -p runtime-cells --target-dir target/foreign
}

part models
step "protocol" protocol
step "counters" counters
step "foreign flags" foreign_flags
