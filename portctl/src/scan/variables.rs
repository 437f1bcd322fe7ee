//! The variables that values and command lines may refer to.

use std::collections::BTreeMap;

/// Variables and their values, from the environment and from `.env` files.
pub(super) type Variables = BTreeMap<String, String>;

/// Limit for the variables of one port that are tested with [`with_port`]. Real files use one or two; each more
/// costs another parse of the entry.
pub(super) const MAX_VARIABLES: usize = 8;

/// Copies the variables and sets one of them to this port.
pub(super) fn with_port(variables: &Variables, name: &str, port: &str) -> Variables {
    let mut variables = variables.clone();
    variables.insert(name.to_owned(), port.to_owned());
    variables
}

/// Copies the variables that a text may refer to, so that trials do not copy all.
pub(super) fn mentioned_in(variables: &Variables, text: &str) -> Variables {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !is_name(c));
    let mentioned = words.filter_map(|word| variables.get_key_value(word));
    let copied = mentioned.map(|(name, value)| (name.clone(), value.clone()));
    copied.collect()
}
