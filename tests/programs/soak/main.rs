//! `CELLS_SOAK_SECONDS=600 cargo run --release -p cells-tests-soak`

fn main() {
    cells_tests_soak::main();
}
