//! Whatever bytes come in where `protoc` would send a request, there is a response or an error.
//!
//! `cargo +nightly fuzz run code_generator_request`

#![no_main]

use std::panic;
use std::sync::Once;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // libFuzzer's hook aborts at every panic, those too that are caught and become an error. Of the
    // others it hears by the process ending.
    static QUIET: Once = Once::new();
    QUIET.call_once(|| panic::set_hook(Box::new(|_| {})));

    let mut response = Vec::new();
    let _ = protoc_gen_grpcweb::run_plugin(bytes, &mut response);
});
