//! The messages that a user gets.

/// To write them anew: `TRYBUILD=overwrite cargo test -p compile-fail`.
#[test]
fn mistakes_are_compile_errors_that_name_what_is_wrong() {
    trybuild::TestCases::new().compile_fail("cases/*.rs");
}
