//! The owner of a listener, seen from a checkout.

use std::fmt;
use std::path::Path;

use port_registry::{CHECKOUT_VARIABLE, CheckoutEvidence, Listener, PortUse};
use serde::{Serialize, Serializer};

/// The checkout that a listener belongs to, compared with one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// It belongs to this checkout.
    Ours,
    /// It belongs to another checkout, which this clause names.
    Foreign(String),
    /// Its checkout is unknown, as this clause explains.
    Unknown(String),
    /// It is port-registry's daemon.
    Daemon,
    /// Nothing listens.
    Nobody,
}

impl Whose {
    /// Compares the listeners of a port with the checkout at a root, if there is one to compare with.
    pub(crate) fn of(in_use: &PortUse, root: Option<&Path>) -> Whose {
        if !in_use.usage.may_listen() {
            return Whose::Nobody;
        }
        let unknown =
            |reason: &str| Whose::Unknown(format!("its checkout is unknown, because {reason}"));
        match (&in_use.listener, root) {
            (Some(listener), _) if listener.is_daemon() && listener.others.is_empty() => {
                Whose::Daemon
            }
            (_, None) => unknown("no checkout is recorded for it"),
            (None, _) => unknown("the system does not name it"),
            (Some(listener), Some(root)) => Whose::of_listener(listener, root),
        }
    }

    /// Compares the processes on a port with the checkout at a root. Of several, the clause names the one that decides.
    pub(crate) fn of_listener(listener: &Listener, root: &Path) -> Whose {
        let all = || listener.reached();
        let named = |checkout: Option<&Path>| {
            let is_same = |it: &&Listener| it.checkout.as_deref() == checkout;
            let found = all().find(is_same);
            found
                .filter(|_| !all().all(|it| is_same(&it)))
                .map(short_name)
        };
        if let Some(other) = listener.other_checkout(root) {
            let subject = named(Some(other)).unwrap_or_else(|| "it".to_owned());
            let by = if names_other_checkout(listener, root) {
                format!(", by {CHECKOUT_VARIABLE} in its environment")
            } else {
                String::new()
            };
            let other = other.display();
            return Whose::Foreign(format!(
                "{subject} belongs to another checkout, {other}{by}"
            ));
        }
        if listener.belongs_to(root) == Some(true) {
            return Whose::Ours;
        }
        let subject = match named(None) {
            Some(name) => format!("the checkout of {name}"),
            None => "its checkout".to_owned(),
        };
        let reason = listener.unknown_because();
        Whose::Unknown(format!("{subject} is unknown, because {reason}"))
    }
}

/// Tests if only its environment assigns a process in the checkout at a root to another checkout. It may have inherited the
/// environment from a shell that `portctl run` started.
pub(crate) fn names_other_checkout(listener: &Listener, root: &Path) -> bool {
    let Some(other) = listener.other_checkout(root) else {
        return false;
    };
    listener.reached().any(|it| {
        let is_inside = it.dir.as_deref().is_some_and(|dir| {
            // A worktree may lie in its main checkout.
            let is_nested = other.starts_with(root) && dir.starts_with(other);
            dir.starts_with(root) && !is_nested
        });
        let is_named = it.checkout_by == Some(CheckoutEvidence::Variable);
        is_inside && is_named && it.checkout.as_deref() == Some(other)
    })
}

/// Names one of several processes, which were described before.
fn short_name(listener: &Listener) -> String {
    match (&listener.process, listener.pid) {
        (Some(process), Some(pid)) => format!("{process} (pid {pid})"),
        (None, Some(pid)) => format!("pid {pid}"),
        (_, None) => {
            let mut one = listener.clone();
            one.others.clear();
            one.to_string()
        }
    }
}

/// Serializes as `ours`, `foreign`, `unknown` or `nobody`.
impl Serialize for Whose {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Whose::Ours => "ours",
            Whose::Foreign(_) => "foreign",
            Whose::Unknown(_) | Whose::Daemon => "unknown",
            Whose::Nobody => "nobody",
        })
    }
}

/// Describes the owner, to follow the description of the listener.
impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Whose::Ours => f.write_str("; it belongs to this checkout"),
            Whose::Foreign(clause) | Whose::Unknown(clause) => write!(f, "; {clause}"),
            Whose::Daemon => f.write_str("; it is port-registry's daemon"),
            Whose::Nobody => Ok(()),
        }
    }
}
