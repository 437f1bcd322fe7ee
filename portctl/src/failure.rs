//! Reports of failed commands, with the next step.

use port_registry::Error;
use port_registry::daemon::api::ErrorCode;
use port_registry::daemon::full_message;

use crate::backend::{ClientError, Fault};
use crate::environment::{self, ADDRESS_VARIABLE, InvalidAddress};
use crate::report::Report;

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
        let report = Report::new(full_message(&fault));
        match fault {
            Fault::Registry(error) => {
                let holder = error.holder().cloned();
                report.hint_if(hint(&error)).holder_if(holder)
            }
            Fault::Address(_) => report,
            Fault::Client(error) => Report::from(error),
            Fault::Refused { code, .. } => report.hint_if(hint_by_code(code)),
            Fault::Lost(_) => report.hint("`portctl list` shows what there is"),
        }
    }
}

impl From<InvalidAddress> for Report {
    fn from(error: InvalidAddress) -> Report {
        Report::new(error.to_string())
    }
}

impl From<InvalidAddress> for Failure {
    fn from(error: InvalidAddress) -> Failure {
        Failure::Failed(error.into())
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
