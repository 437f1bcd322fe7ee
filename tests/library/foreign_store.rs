//! Replays the corpus of the fuzz target `store`. The packages' unit tests replay those of the other targets.

use std::fs;
use std::path::Path;

use test_support::open_as_store;

#[test]
fn every_file_of_the_fuzzing_corpus_is_a_store_or_a_described_error() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus/store");
    let entries: Vec<_> = fs::read_dir(corpus).unwrap().collect();
    assert!(entries.len() >= 50);
    for entry in entries {
        open_as_store(&fs::read(entry.unwrap().path()).unwrap());
    }
}
