//! Instance names for a checkout whose own name is taken.

use std::path::Path;

use port_registry::{Allocation, ServiceKey};

use crate::fnv;

/// Makes an instance name for the checkout `wanted`, whose detected name is that of the `holder`'s checkout.
///
/// The name is that of the checkout's folder, or of the folder around it, with a hash of the whole path. It is
/// the same each time, so that a user who forgot the name gets the same one again.
pub(crate) fn free_instance(holder: &Allocation, wanted: &Path) -> String {
    let other = holder.dir.as_deref();
    let mut folders = wanted.ancestors().take(2).filter_map(|folder| {
        let name = folder.file_name()?;
        // A name that is part of the other checkout's path does not distinguish the two.
        let is_distinct = !other?.iter().any(|part| part == name);
        name.to_str().filter(|_| is_distinct)
    });
    let hash = path_hash(&wanted.display().to_string());
    let is_valid = |name: &str| {
        let key = ServiceKey::new("any", name, "any");
        key.is_ok_and(|key| key.instance() == name)
    };
    let base = folders.next().unwrap_or(holder.key.instance());
    let name = format!("{base}-{hash:04x}");
    // A long name leaves no room for the hash.
    if is_valid(&name) {
        name
    } else {
        format!("checkout-{hash:04x}")
    }
}

/// Folds a hash of the text into 16 bits.
fn path_hash(text: &str) -> u16 {
    let bytes = fnv::hash(text.as_bytes()).to_be_bytes();
    let pairs = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    pairs.fold(0, |hash, pair| hash ^ pair)
}
