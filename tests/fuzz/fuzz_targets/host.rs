#![no_main]

use port_registry_http::fuzz;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::host(data));
