//! The Rust code of the pages in `docs` is compiled as doctests: `cargo test -p docs --doc`.

/// A page whose code is compiled.
macro_rules! page {
    ($name:ident, $file:literal) => {
        #[cfg(doctest)]
        #[doc = include_str!(concat!("../../../docs/", $file))]
        mod $name {}
    };
}

page!(deployment, "deployment.md");
page!(health_and_reflection, "health-and-reflection.md");
page!(mounting, "mounting.md");
page!(observability, "observability.md");
page!(performance, "performance.md");
page!(rate_limits, "rate-limits.md");
// Signals and sockets of Unix.
#[cfg(unix)]
page!(serving, "serving.md");
page!(sharing_protos, "sharing-protos.md");
page!(views, "views.md");
