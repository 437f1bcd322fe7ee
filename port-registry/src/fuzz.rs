//! Entry points for the fuzzer. They panic on wrong results.

#![expect(clippy::missing_panics_doc, reason = "panics report wrong results")]

use crate::checkout::repository_name::repository_name;

/// Checks that a repository's name is the end of the URL, and contains no secret.
pub fn remote_url(data: &[u8]) {
    let Ok(url) = str::from_utf8(data) else {
        return;
    };
    let Some(name) = repository_name(url) else {
        return;
    };
    let end = url.trim_end_matches('/');
    let end = end.strip_suffix(".git").unwrap_or(end);
    let is_last_part = end.ends_with(&name) && !name.is_empty() && !name.contains('/');
    assert!(is_last_part, "{name:?} of {url:?}");
    // The part before the host may be a secret.
    assert!(!name.contains(['@', ':']), "{name:?} of {url:?}");
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    #[test]
    fn every_input_of_the_corpus_is_parsed_correctly() {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests");
        if !tests.exists() {
            // The published package does not contain the corpus.
            return;
        }
        let entries = fs::read_dir(tests.join("fuzz/corpus/remote_url")).unwrap();
        let entries: Vec<_> = entries.collect();
        assert!(entries.len() >= 50);
        for entry in entries {
            super::remote_url(&fs::read(entry.unwrap().path()).unwrap());
        }
    }
}
