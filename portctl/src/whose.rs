//! The owner of a listener, seen from a checkout.

use std::fmt;
use std::path::{Path, PathBuf};

use port_registry::PortUse;
use serde::{Serialize, Serializer};

/// The checkout that a listener belongs to, compared with one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// It belongs to this checkout.
    Ours,
    /// It belongs to another checkout, with this root.
    Foreign(PathBuf),
    /// Its checkout is unknown, for this reason, to follow `because`.
    Unknown(&'static str),
    /// Nothing listens.
    Nobody,
}

impl Whose {
    /// Compares the listeners of a port with the checkout at a root, if there is one to compare with.
    pub(crate) fn of(in_use: &PortUse, root: Option<&Path>) -> Whose {
        if !in_use.usage.may_listen() {
            return Whose::Nobody;
        }
        let Some(root) = root else {
            return Whose::Unknown("no checkout is recorded for it");
        };
        let Some(listener) = &in_use.listener else {
            return Whose::Unknown("the system does not name it");
        };
        match listener.other_checkout(root) {
            Some(other) => Whose::Foreign(other.to_owned()),
            None if listener.belongs_to(root) == Some(true) => Whose::Ours,
            None => Whose::Unknown(listener.unknown_because()),
        }
    }
}

/// Serializes as `ours`, `foreign`, `unknown` or `nobody`.
impl Serialize for Whose {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Whose::Ours => "ours",
            Whose::Foreign(_) => "foreign",
            Whose::Unknown(_) => "unknown",
            Whose::Nobody => "nobody",
        })
    }
}

/// Describes the owner, to follow the description of the listener.
impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Whose::Ours => f.write_str("; it belongs to this checkout"),
            Whose::Foreign(root) => {
                write!(f, "; it belongs to another checkout, {}", root.display())
            }
            Whose::Unknown(reason) => write!(f, "; its checkout is unknown, because {reason}"),
            Whose::Nobody => Ok(()),
        }
    }
}
