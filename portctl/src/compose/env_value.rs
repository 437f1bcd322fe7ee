//! Variables in the env files that Compose reads.

use std::collections::BTreeMap;
use std::path::Path;

use crate::env_file::read_small;
use crate::scan::value_of;

/// Returns the value that an env file gives to a variable. There is none if it is empty, or if the file cannot be read, which
/// Compose reports.
pub(crate) fn value_in_file(
    file: &Path,
    environment: &BTreeMap<String, String>,
    name: &str,
) -> Option<String> {
    let text = read_small(file).ok()?;
    let value = value_of(&String::from_utf8_lossy(&text), environment, name);
    value.filter(|it| !it.is_empty())
}
