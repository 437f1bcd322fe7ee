//! How things are put that several commands tell.

use std::borrow::Cow;
use std::path::Path;

use port_registry::{Allocation, Filter, Listener};

use super::visible::visible;

/// Who listens, as far as the system tells: ` by ...`, or nothing.
pub(crate) fn by(listener: &Listener) -> String {
    if listener.is_known() {
        format!(" by {listener}")
    } else {
        String::new()
    }
}

/// Who holds a port, and from where.
pub(crate) fn holder(holder: &Allocation) -> String {
    format!("{} {}", holder.key, id_and_folder(holder))
}

/// Returns the folder of an allocation's checkout, or an empty text if none is recorded.
pub(crate) fn folder(allocation: &Allocation) -> Cow<'_, str> {
    let dir = allocation.dir.as_deref();
    dir.map(Path::to_string_lossy).unwrap_or_default()
}

/// The id of an allocation, and from where it is, in brackets.
pub(crate) fn id_and_folder(allocation: &Allocation) -> String {
    match &allocation.dir {
        Some(dir) => format!("(id {}, of {})", allocation.id, dir.display()),
        None => format!("(id {})", allocation.id),
    }
}

/// The names that a filter chooses by, fit to be shown.
pub(crate) fn names(filter: &Filter) -> String {
    let parts = [filter.app(), filter.instance(), filter.service()];
    let named: Vec<&str> = parts.into_iter().flatten().collect();
    visible(&named.join("/")).into_owned()
}

/// A number of things, such as `1 allocation` and `2 allocations`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// Which program this is.
pub(crate) fn version() -> String {
    let version = env!("CARGO_PKG_VERSION");
    match (COMMIT, COMMIT_DATE) {
        (Some(commit), Some(date)) => format!("portctl {version} ({commit} {date})"),
        _ => format!("portctl {version}"),
    }
}

/// The commit that portctl was built from, and its day, where the build could tell (`build.rs`).
pub(crate) const COMMIT: Option<&str> = option_env!("PORTCTL_COMMIT");
pub(crate) const COMMIT_DATE: Option<&str> = option_env!("PORTCTL_COMMIT_DATE");

/// The command that frees what an allocation holds.
pub(crate) fn release(allocation: &Allocation) -> String {
    format!("`portctl release --id {}`", allocation.id)
}

/// That freeing what an allocation holds makes way, as a hint.
pub(crate) fn freeing(allocation: &Allocation) -> String {
    freeing_if_gone(allocation)
        .unwrap_or_else(|| format!("{} frees it, if it is not needed", release(allocation)))
}

/// The same, if nobody misses what an allocation holds, since its folder is gone.
pub(crate) fn freeing_if_gone(allocation: &Allocation) -> Option<String> {
    allocation
        .checkout_is_gone()
        .then(|| format!("{} frees it: its folder is gone", release(allocation)))
}

/// A flag with a value, as they have to be typed.
pub(crate) fn flag(name: &str, value: &str) -> String {
    let between = if value.starts_with('-') { '=' } else { ' ' };
    format!(" {name}{between}{}", quoted(value))
}

/// A service's name where it is no flag's value, as it has to be typed: it may look like a flag, or like the
/// word that asks for help.
pub(crate) fn positional(service: &str) -> String {
    let is_odd = service.starts_with('-') || service == "help";
    let before = if is_odd { " --" } else { "" };
    format!("{before} {}", quoted(service))
}

/// A word as it has to be typed in a shell.
pub(crate) fn quoted(word: &str) -> Cow<'_, str> {
    // No name holds a null character, which is all that cannot be quoted.
    shlex::try_quote(word).unwrap_or(Cow::Borrowed(word))
}
