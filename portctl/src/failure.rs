//! Why a command failed, and the way out.

use port_registry::{Allocation, Error};
use serde::Serialize;

/// Why a command was not carried out.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was typed makes no sense.
    Usage(String),
    /// It was tried.
    Failed(Report),
}

/// What is told of a failure, as text or as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<Box<Allocation>>,
}

impl Report {
    pub(crate) fn new(error: impl Into<String>) -> Report {
        Report {
            error: error.into(),
            hint: None,
            holder: None,
        }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Report {
        Report {
            hint: Some(hint.into()),
            ..self
        }
    }
}

impl From<Report> for Failure {
    fn from(report: Report) -> Failure {
        Failure::Failed(report)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Failed(Report {
            hint: hint(&error),
            holder: error.holder().cloned().map(Box::new),
            error: error.to_string(),
        })
    }
}

/// What to do next. The other errors say it themselves.
fn hint(error: &Error) -> Option<String> {
    Some(match error {
        Error::PortTaken { holder, .. } => format!(
            "leave --port out for the next free port, or free this one{} by `portctl release --id {}`",
            from(holder),
            holder.id
        ),
        Error::ServiceTaken { holder, .. } => format!(
            "`portctl get` prints the port it has; `portctl release --id {}` frees it{}",
            holder.id,
            from(holder)
        ),
        Error::OtherCheckout { .. } => {
            "tell the two apart: pass --instance NAME in one of them".to_owned()
        }
        Error::PortInUse { .. } => {
            "if what listens there is the service itself, `portctl allocate` with --adopt registers \
             it; or leave --port out for the next free port"
                .to_owned()
        }
        Error::NotFound { .. } => "`portctl list --all` shows what there is".to_owned(),
        _ => return None,
    })
}

/// Where a holder is at home, in brackets.
fn from(holder: &Allocation) -> String {
    match &holder.dir {
        Some(dir) => format!(" (of {dir})"),
        None => String::new(),
    }
}
