//! Wording that several commands share.

use std::borrow::Cow;

use port_registry::{Allocation, CheckoutPath, StrayListener};

use crate::service_name::meaning_of_word;

/// Names the holder of a port, with its id and checkout.
pub(crate) fn holder(holder: &Allocation) -> String {
    format!("{} {}", holder.key, id_and_checkout(holder))
}

/// A port that a process of another checkout than its holder's listens on, with the holder.
pub(crate) fn stray_port(stray: &StrayListener) -> String {
    match &stray.holder {
        Some(it) => format!("{}, which is allocated to {}", stray.port, holder(it)),
        None => stray.port.to_string(),
    }
}

/// The path of the checkout of an allocation. Returns an empty text if none is recorded.
pub(crate) fn checkout(allocation: &Allocation) -> &str {
    allocation.dir.as_ref().map_or("", CheckoutPath::as_str)
}

/// The id of an allocation and its checkout, in parentheses.
pub(crate) fn id_and_checkout(allocation: &Allocation) -> String {
    match &allocation.dir {
        Some(dir) => format!("(id {}, of {dir})", allocation.id),
        None => format!("(id {})", allocation.id),
    }
}

/// A number of things, such as `1 allocation` and `2 allocations`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// A flag with its value, quoted for a shell, after a space.
pub(crate) fn flag(name: &str, value: &str) -> String {
    let separator = if value.starts_with('-') { '=' } else { ' ' };
    format!(" {name}{separator}{}", quoted(value))
}

/// A positional argument, quoted for a shell, after a space. It gets a `--` if it looks like a flag or is `help`.
pub(crate) fn positional(word: &str) -> String {
    let is_ambiguous = word.starts_with('-') || word == "help";
    let separator = if is_ambiguous { " --" } else { "" };
    format!("{separator} {}", quoted(word))
}

/// A service as an argument, quoted for a shell, after a space. It gets a `--service` if it would be taken for
/// something else.
pub(crate) fn service(name: &str) -> String {
    services(&[name])
}

/// Services as arguments. If one of them needs a `--service`, all get it, because commands refuse a mixture.
pub(crate) fn services<T: AsRef<str>>(names: &[T]) -> String {
    let is_ambiguous =
        |name: &str| name.starts_with('-') || name == "help" || meaning_of_word(name).is_some();
    let names = || names.iter().map(AsRef::as_ref);
    if names().any(is_ambiguous) {
        names().map(|it| flag("--service", it)).collect()
    } else {
        names().map(positional).collect()
    }
}

/// A word, quoted for a shell.
pub(crate) fn quoted(word: &str) -> Cow<'_, str> {
    // Quoting fails only for a null character, and no name or path has one.
    shlex::try_quote(word).unwrap_or(Cow::Borrowed(word))
}

#[cfg(test)]
mod tests {
    use super::services;

    #[test]
    fn services_are_plain_words_unless_one_would_be_taken_for_something_else() {
        for (names, expected) in [
            (&["web", "it's"][..], r#" web "it's""#),
            (&["web", "3000"], " --service web --service 3000"),
            (&["the web"], " --service 'the web'"),
            (&["-q"], " --service=-q"),
            (&["help"], " --service help"),
            (&["all"], " --service all"),
            (&[], ""),
        ] {
            assert_eq!(services(names), expected);
        }
    }
}
