//! The soak as a test, without a harness: it counts the threads of its process.

fn main() {
    cells_tests_soak::main();
}
