//! Mistakes in declarations, and the errors the compiler reports for them: each file of `ui/` beside its expected output.

#[test]
fn m5_every_misuse_is_one_error_at_the_guilty_tokens() {
    let cases = trybuild::TestCases::new();
    for entry in std::fs::read_dir("ui").expect("the folder of the cases") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with(ASYNC) {
            cases.compile_fail(path);
        }
    }
}

#[test]
fn a10_misuse_of_an_async_fn_is_told_alike() {
    trybuild::TestCases::new().compile_fail(std::path::Path::new("ui").join(ASYNC));
}

const ASYNC: &str = "async_cells.rs";
