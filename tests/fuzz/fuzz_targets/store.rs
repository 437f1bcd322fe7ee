#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| port_registry_fuzz::store(data));
