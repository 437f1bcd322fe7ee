//! JSON documents of responses.

use serde::Serialize;

/// Writes a document as JSON with a line end.
pub(crate) fn to_vec(document: &impl Serialize) -> Vec<u8> {
    let mut json = Vec::with_capacity(256);
    // Serialization cannot fail: documents consist of numbers, strings and maps with string keys.
    let _ = serde_json::to_writer(&mut json, document);
    json.push(b'\n');
    json
}
