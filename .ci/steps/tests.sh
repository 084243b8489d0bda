# The suites, and the programs that only a build of its own can test.

# The README's own test command. The step `doc tests` counts the doc tests that it ran, if it ran them all.
suites() {
    $(grep '^cargo test' README.md) | tee target/ci/suites.out
    mv target/ci/suites.out target/ci/tests.out
}

# The tests of tasks and of sandboxes again, with the library's feature `tokio` off.
tasks() {
    cargo test -p cells-tests-tasks -p cells-tests-sandbox --no-default-features
}

# A program that has the library from a Rust `dylib`: a workspace of its own, with flags of its own.
dylib() {
    cd tests/programs/dylib
    cargo test --locked
}

# The instructions of ready reads. The test also passes where it cannot read them, so it has to say that it did.
fast_path() {
    [[ $(uname -sm) == "Linux x86_64" && $(objdump --version) == "GNU objdump"* ]] ||
        skip "it reads instructions of Linux on x86-64, with GNU objdump"
    cargo test --workspace --test fast_path -- --nocapture | tee target/ci/fast-path.out
    for said in "the ready reads were disassembled" "the ready reads were compared"; do
        grep -F "$said" target/ci/fast-path.out || {
            echo "no read was disassembled"
            return 1
        }
    done
}

# The page in a browser. Its tests also pass where there is none, so they have to say nothing of that.
page() {
    need chromium
    need chromedriver
    cargo test --workspace --test browser --test large --test names -- --nocapture | tee target/ci/page.out
    ls -l target/page
    ! grep -F "skipped: there is no chromedriver" target/ci/page.out
}

pictures() {
    bash tests/programs/graph/pictures.sh
}

part tests
step "suites" suites
step "tasks without tokio" tasks
step "dylib" dylib
step "fast path" fast_path
step "page" page debian
step "pictures" pictures debian
