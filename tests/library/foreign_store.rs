//! What a fuzzer put in the place of the store, once more. The other targets of `tests/fuzz` are
//! replayed by the packages' own tests, beside what they call.

use std::fs;
use std::path::Path;

use test_support::open_as_store;

#[test]
fn all_that_a_fuzzer_took_for_a_store_is_one_or_is_told_as_something_else() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus/store");
    let entries: Vec<_> = fs::read_dir(corpus).unwrap().collect();
    assert!(entries.len() >= 50);
    for entry in entries {
        open_as_store(&fs::read(entry.unwrap().path()).unwrap());
    }
}
