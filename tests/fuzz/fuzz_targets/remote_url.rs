#![no_main]

use port_registry::fuzz;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::remote_url(data));
