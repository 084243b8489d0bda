//! Holds no code: the tests are in `main.rs`, and a package needs a target to depend on `cells`.
