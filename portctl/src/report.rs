//! Reports of problems.

use port_registry::{Allocation, PortUse};
use serde::Serialize;

/// A problem and its fix, printed as text or as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<Box<Allocation>>,
    #[serde(flatten)]
    in_use: Option<Box<PortUse>>,
    /// The reports of several things that failed together.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) conflicts: Vec<Report>,
    /// The last lines of the log of a daemon.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) log: Vec<String>,
}

impl Report {
    pub(crate) fn new(error: impl Into<String>) -> Report {
        Report {
            error: error.into(),
            hint: None,
            holder: None,
            in_use: None,
            conflicts: Vec::new(),
            log: Vec::new(),
        }
    }

    /// Prefixes the message with `before: `.
    pub(crate) fn prefixed(self, before: &str) -> Report {
        Report {
            error: format!("{before}: {}", self.error),
            ..self
        }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Report {
        Report {
            hint: Some(hint.into()),
            ..self
        }
    }

    pub(crate) fn hint_if(self, hint: Option<String>) -> Report {
        Report { hint, ..self }
    }

    pub(crate) fn holder_if(self, holder: Option<Allocation>) -> Report {
        Report {
            holder: holder.map(Box::new),
            ..self
        }
    }

    pub(crate) fn holder(self, holder: Allocation) -> Report {
        Report {
            holder: Some(Box::new(holder)),
            ..self
        }
    }

    pub(crate) fn in_use(self, in_use: Option<PortUse>) -> Report {
        Report {
            in_use: in_use.map(Box::new),
            ..self
        }
    }

    /// Adds conflicts. The hint, holder and use of the port of the first one become those of the whole report, unless it
    /// has its own.
    pub(crate) fn conflicts(self, conflicts: Vec<Report>) -> Report {
        let first = conflicts.first();
        Report {
            hint: self.hint.or_else(|| first?.hint.clone()),
            holder: self.holder.or_else(|| first?.holder.clone()),
            in_use: self.in_use.or_else(|| first?.in_use.clone()),
            conflicts,
            ..self
        }
    }

    pub(crate) fn log(self, log: Vec<String>) -> Report {
        Report { log, ..self }
    }
}
