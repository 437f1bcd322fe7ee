//! The texts of argh's errors, in the words of the others.

/// Rewrites argh's errors in the words of the others.
pub(super) fn restyled(message: &str) -> String {
    let message = message.trim();
    if let Some(restyled) = bad_value(message) {
        return restyled;
    }
    if let Some(word) = message.strip_prefix("Unrecognized argument: ") {
        return format!("unexpected argument `{word}`");
    }
    let mut lines = message.lines().map(str::trim).filter(|it| !it.is_empty());
    let first = lines.next().unwrap_or_default();
    if first.starts_with("Required positional arguments not provided") {
        let names: Vec<&str> = lines.collect();
        format!("the {} is missing", names.join(", "))
    } else {
        message.trim_end_matches('.').to_owned()
    }
}

/// Rewrites argh's error about the value of a flag or an argument.
fn bad_value(message: &str) -> Option<String> {
    let message = message.strip_prefix("Error parsing ")?;
    let message = message
        .strip_prefix("option '")
        .or_else(|| message.strip_prefix("positional argument '"))?;
    let (name, message) = message.split_once("' with value '")?;
    let (value, problem) = message.split_once("': ")?;
    Some(if problem == "duplicate values provided" {
        format!("{name} is given more than once")
    } else {
        format!("`{value}` cannot be used for {name}: {problem}")
    })
}
