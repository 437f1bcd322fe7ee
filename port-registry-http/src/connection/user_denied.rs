//! The reasons why a client is not served because of its user.

#[cfg(unix)]
use port_registry::daemon::passwd;
use thiserror::Error;

/// The reason why a client is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum UserDenied {
    #[cfg(unix)]
    #[error(
        "this daemon does not serve user {0}, whose connection this is; \
         its user can run `portctl restart --allow-users {0}`, which replaces the list of users in force"
    )]
    Other(u32),
    /// The client has closed its end already, or is outside of this system.
    #[cfg(unix)]
    #[error(
        "this daemon serves only users whom it knows, and the system does not tell whose connection this is; \
         keep it open until the response arrives, or ask the daemon's user for `portctl restart --allow-users all`"
    )]
    Unknown,
    #[cfg(target_os = "linux")]
    #[error(
        "this daemon serves only users whom it knows, and the system does not tell the users of TCP connections; \
         use its Unix socket, port-registry.sock beside its pidfile, or `portctl restart --allow-users all`"
    )]
    CannotTell,
}

impl UserDenied {
    /// Returns the kind of its lines in the log. Clients that only test if the port is open are unknown, and must not hide
    /// other users.
    pub(super) fn kind(self) -> &'static str {
        match self {
            #[cfg(unix)]
            UserDenied::Other(_) => "connections of other users",
            #[cfg(unix)]
            _ => "connections of unknown users",
        }
    }

    /// Describes the client by its user. Reads a file for the name.
    pub(super) fn client(self) -> String {
        match self {
            #[cfg(unix)]
            UserDenied::Other(user) => passwd::describe(user),
            #[cfg(unix)]
            _ => "an unknown user".to_owned(),
        }
    }
}
