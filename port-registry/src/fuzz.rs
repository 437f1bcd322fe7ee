//! What the fuzzer calls in here. It panics when what comes out is not as it should be.

#![expect(clippy::missing_panics_doc, reason = "to panic is what they are for")]

use crate::checkout::detect::repository_name;

/// The URL of a remote gives the name that it ends in, or none.
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
    // What stands before the host may be a secret.
    assert!(!name.contains(['@', ':']), "{name:?} of {url:?}");
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    #[test]
    fn all_that_a_fuzzer_came_upon_is_decoded_as_it_should_be() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus/remote_url");
        let entries: Vec<_> = fs::read_dir(corpus).unwrap().collect();
        assert!(entries.len() >= 50);
        for entry in entries {
            super::remote_url(&fs::read(entry.unwrap().path()).unwrap());
        }
    }
}
