//! How the server ends.
