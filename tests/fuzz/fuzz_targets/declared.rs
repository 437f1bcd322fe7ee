#![no_main]

use portctl::fuzz;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::declarations(data));
