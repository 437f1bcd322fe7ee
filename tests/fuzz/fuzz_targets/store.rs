#![no_main]

use std::panic;
use std::process;

// The storage engine panics over some files with several damaged places, and the library turns that into an
// error. Only a panic that leaves the library is a finding.
libfuzzer_sys::fuzz_target!(
    init: panic::set_hook(Box::new(|_| {})),
    |data: &[u8]| {
        if let Err(payload) = panic::catch_unwind(|| test_support::open_as_store(data)) {
            let message = payload.downcast_ref::<String>().map(String::as_str);
            let message = message.or_else(|| payload.downcast_ref::<&str>().copied());
            eprintln!("{}", message.unwrap_or("a panic"));
            process::abort();
        }
    }
);
