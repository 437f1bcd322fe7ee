//! Reports of failed commands, with the next step.

use port_registry::daemon::api::ErrorCode;
use port_registry::{Allocation, Error, Listener};
use serde::Serialize;

use crate::backend::{ClientError, Fault};
use crate::environment::{self, ADDRESS_VARIABLE};

/// The reason why a command was not carried out.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line is wrong.
    Usage(String),
    /// It was tried, and failed.
    Failed(Report),
    /// A command could not be run, which has an exit code of its own.
    NotRun { report: Report, code: u8 },
}

/// The description of a failure, as text or as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<Box<Allocation>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listener: Option<Box<Listener>>,
    /// The problems of each of several things.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) conflicts: Vec<Report>,
    /// The last lines that a daemon logged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) log: Vec<String>,
}

impl Report {
    pub(crate) fn new(error: impl Into<String>) -> Report {
        Report {
            error: error.into(),
            hint: None,
            holder: None,
            listener: None,
            conflicts: Vec::new(),
            log: Vec::new(),
        }
    }

    /// Puts `before: ` in front of the message.
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

    pub(crate) fn holder(self, holder: Allocation) -> Report {
        Report {
            holder: Some(Box::new(holder)),
            ..self
        }
    }

    pub(crate) fn listener(self, listener: Option<Listener>) -> Report {
        Report {
            listener: listener.map(Box::new),
            ..self
        }
    }

    /// Adds several conflicts. The first one also fills in the fields of a single one.
    pub(crate) fn conflicts(self, conflicts: Vec<Report>) -> Report {
        let first = conflicts.first();
        Report {
            hint: self.hint.or_else(|| first?.hint.clone()),
            holder: self.holder.or_else(|| first?.holder.clone()),
            listener: self.listener.or_else(|| first?.listener.clone()),
            conflicts,
            ..self
        }
    }

    pub(crate) fn log(self, log: Vec<String>) -> Report {
        Report { log, ..self }
    }
}

impl From<Report> for Failure {
    fn from(report: Report) -> Failure {
        Failure::Failed(report)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Fault::from(error).into()
    }
}

impl From<Error> for Report {
    fn from(error: Error) -> Report {
        Fault::from(error).into()
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure::Failed(fault.into())
    }
}

impl From<Fault> for Report {
    fn from(fault: Fault) -> Report {
        let told = fault.to_string();
        match fault {
            Fault::Registry(error) => Report {
                hint: hint(&error),
                holder: error.holder().cloned().map(Box::new),
                ..Report::new(told)
            },
            Fault::Client(error) => Report::from(error),
            Fault::Refused { code, .. } => Report {
                hint: hint_by_code(code),
                ..Report::new(told)
            },
            Fault::Lost(_) => Report::new(told).hint("`portctl list` shows what there is"),
        }
    }
}

impl From<ClientError> for Report {
    fn from(error: ClientError) -> Report {
        let hint = match &error {
            ClientError::NothingListens { .. } => {
                format!(
                    "`portctl start` starts a daemon; without {ADDRESS_VARIABLE} none is needed"
                )
            }
            ClientError::NotUnderstood { .. } => {
                "it may be of another version than portctl: `portctl restart`".to_owned()
            }
            ClientError::TooLarge { .. } => {
                format!("ask for less, as by --app, or unset {ADDRESS_VARIABLE}")
            }
            _ if environment::is_address_named() => {
                format!("see whether {ADDRESS_VARIABLE} names the right address")
            }
            _ => return Report::new(error.to_string()),
        };
        Report::new(error.to_string()).hint(hint)
    }
}

/// The next step after an error that only a daemon reports.
fn hint_by_code(code: ErrorCode) -> Option<String> {
    Some(match code {
        ErrorCode::Busy => {
            "another process has been holding the registry; try again, or see whether one is suspended"
                .to_owned()
        }
        ErrorCode::Overloaded | ErrorCode::Stopping | ErrorCode::RequestTimeout => {
            "try again".to_owned()
        }
        ErrorCode::TooLarge => {
            format!("do it in parts; without {ADDRESS_VARIABLE} there is no such limit")
        }
        _ => return None,
    })
}

/// The next step after an error of the registry. The other errors name it themselves, and for conflicts
/// [`conflict`](crate::conflict) does.
fn hint(error: &Error) -> Option<String> {
    Some(match error {
        Error::UnusableFolder { .. } => {
            "PORT_REGISTRY_DB can name another file for the registry".to_owned()
        }
        Error::Checkout { .. } => "pass --app NAME and --instance NAME".to_owned(),
        Error::NotFound { .. } => "`portctl list --all` shows what there is".to_owned(),
        _ => return None,
    })
}
