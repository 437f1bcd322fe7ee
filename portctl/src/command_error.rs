//! The errors of commands, and their hints.

use std::io::ErrorKind;

use port_registry::Error;
use port_registry::daemon::api::ErrorCode;
use port_registry::daemon::full_message;

use crate::address::{Address, TcpAddress};
use crate::backend::{BackendError, ClientError, SocketProblem};
use crate::daemon;
use crate::environment::{self, ADDRESS_VARIABLE, InvalidAddress};
use crate::report::Report;
use crate::sandbox;

/// The reason why a command failed.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// The command line is wrong.
    Usage(Report),
    /// The command failed.
    Failed(Report),
    /// Another checkout's process is on the port that `portctl wait` waits for.
    Foreign(Report),
    /// `portctl run` could not run its command, which has an exit code of its own.
    NotRun { report: Report, code: u8 },
}

impl CommandError {
    /// Makes the error of a command line that is wrong.
    pub(crate) fn usage(problem: impl Into<String>) -> CommandError {
        CommandError::Usage(Report::new(problem))
    }

    /// Returns the report, whatever the kind of the error.
    pub(crate) fn into_report(self) -> Report {
        match self {
            CommandError::Usage(report)
            | CommandError::Failed(report)
            | CommandError::Foreign(report)
            | CommandError::NotRun { report, .. } => report,
        }
    }
}

impl From<Report> for CommandError {
    fn from(report: Report) -> CommandError {
        CommandError::Failed(report)
    }
}

impl From<Error> for CommandError {
    fn from(error: Error) -> CommandError {
        BackendError::from(error).into()
    }
}

impl From<Error> for Report {
    fn from(error: Error) -> Report {
        BackendError::from(error).into()
    }
}

impl From<BackendError> for CommandError {
    fn from(error: BackendError) -> CommandError {
        CommandError::Failed(error.into())
    }
}

impl From<BackendError> for Report {
    fn from(error: BackendError) -> Report {
        let report = Report::new(full_message(&error));
        match error {
            BackendError::Registry(error) => {
                let holder = error.holder().cloned();
                report.hint_if(hint(&error)).holder_if(holder)
            }
            BackendError::Address(_) => report,
            BackendError::Client(error) => Report::from(error),
            BackendError::Refused { code, .. } => report.hint_if(hint_by_code(code)),
            BackendError::Lost(_) => report.hint("`portctl list` shows whether it did"),
        }
    }
}

impl From<InvalidAddress> for Report {
    fn from(error: InvalidAddress) -> Report {
        Report::new(error.to_string())
    }
}

impl From<InvalidAddress> for CommandError {
    fn from(error: InvalidAddress) -> CommandError {
        CommandError::Failed(error.into())
    }
}

impl From<ClientError> for Report {
    fn from(error: ClientError) -> Report {
        let hint = match &error {
            ClientError::Denied { reason, .. } => reason.next_step().to_owned(),
            ClientError::NothingListens { address }
                if address.tcp().is_none_or(TcpAddress::is_local) =>
            {
                format!(
                    "`portctl start` starts a daemon; after `unset {ADDRESS_VARIABLE}` none is needed"
                )
            }
            ClientError::Socket { problem, .. } => match problem {
                SocketProblem::Missing | SocketProblem::Stale => format!(
                    "`{ADDRESS_VARIABLE}= portctl start` starts a daemon, which makes its socket itself; after `unset \
                     {ADDRESS_VARIABLE}` none is needed"
                ),
                SocketProblem::Forbidden => format!(
                    "only the daemon's own user may use its socket, and a sandbox has to allow it; after `unset \
                     {ADDRESS_VARIABLE}` no daemon is needed"
                ),
                SocketProblem::NotASocket => format!(
                    "correct the path in {ADDRESS_VARIABLE}, or run `unset {ADDRESS_VARIABLE}`"
                ),
            },
            ClientError::NotUnderstood { .. } => {
                "the daemon may be of another version than portctl; `portctl restart` replaces it"
                    .to_owned()
            }
            ClientError::Foreign { address, server } if environment::is_address_named() => {
                let own = format!(
                    "after `unset {ADDRESS_VARIABLE}` portctl uses this user's own registry, without a daemon"
                );
                match address {
                    Address::Tcp(address) => format!(
                        "{own}; to use that server on purpose: `export {ADDRESS_VARIABLE}={}@{address}`",
                        server.named()
                    ),
                    Address::Unix(_) => own,
                }
            }
            error if error.is_of_user() => OTHER_USER.to_owned(),
            ClientError::TooLarge { .. } => {
                format!("narrow the request, for example with --app, or `unset {ADDRESS_VARIABLE}`")
            }
            _ if environment::is_address_named() => {
                format!(
                    "correct the address in {ADDRESS_VARIABLE}, or run `unset {ADDRESS_VARIABLE}`"
                )
            }
            _ => return Report::new(error.to_string()),
        };
        Report::new(error.to_string()).hint(hint)
    }
}

/// The hint for a daemon that refuses this user. Its own text names the user as it sees them, which may have another
/// number here, and the command that admits them.
const OTHER_USER: &str =
    "after `unset PORT_REGISTRY_ADDR` portctl uses this user's own registry, without a daemon";

/// The hint for an error that only a daemon reports.
fn hint_by_code(code: ErrorCode) -> Option<String> {
    Some(match code {
        ErrorCode::Busy => {
            "another process keeps the registry locked; try again, or check for a process that is suspended"
                .to_owned()
        }
        ErrorCode::Overloaded | ErrorCode::Stopping | ErrorCode::RequestTimeout => {
            "try again".to_owned()
        }
        ErrorCode::TooLarge => {
            format!("split it into parts, or `unset {ADDRESS_VARIABLE}`, because only a daemon has this limit")
        }
        _ => return None,
    })
}

/// The hint for an error of the registry. The other errors include the next step in their messages, and
/// [`conflict`](crate::conflict) has the hints for conflicts.
fn hint(error: &Error) -> Option<String> {
    Some(match error {
        Error::UnusableFolder { .. } => {
            "PORT_REGISTRY_DB can name another file for the registry".to_owned()
        }
        // In a sandbox that may only read files, for example.
        Error::NotWritable { path, .. } => {
            let use_it = daemon::use_address(daemon::serving(path)?);
            format!("the daemon can write it; {use_it} makes this shell use it")
        }
        Error::MayNotBind { .. } => sandbox::NEXT_STEP.to_owned(),
        Error::NotFound { .. } => "`portctl list --all` shows all allocations".to_owned(),
        Error::Checkout { source, .. } => {
            let correct = match source.kind() {
                // The project file.
                ErrorKind::InvalidData => "correct the file",
                _ => "`git status` in that folder shows the problem",
            };
            format!("{correct}; --app NAME and --instance NAME together need no checkout")
        }
        _ => return None,
    })
}
