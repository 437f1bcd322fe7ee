//! The errors of addresses.

use thiserror::Error;

/// The reason why a text is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum AddressError {
    #[error(
        "it must be a host and a port without a scheme or a path, such as 127.0.0.1:51234 or, for the daemon of another \
         user, alice@127.0.0.1:51234; or the path of a socket, such as unix:/home/me/.port-registry/port-registry.sock"
    )]
    Shape,
    #[error("the port after the colon must be between 1 and 65535")]
    Port,
    #[error("an IPv6 address must stand in brackets, such as [::1]:51234")]
    Brackets,
    #[error("before the @ stands a user of /etc/passwd, the number of a user, or `all`")]
    UnknownUser,
    #[error("after unix: follows the absolute path of the daemon's socket")]
    EmptyPath,
    #[error("the path after unix: must be absolute; ~ and variables are not expanded there")]
    RelativePath,
    #[error(
        "the path of the socket follows unix: with a single slash, such as unix:/home/me/registry.sock"
    )]
    UrlOfSocket,
    #[error(
        "the path of the socket has {length} bytes, but the system allows {limit}; give it a shorter path by a \
         symbolic link"
    )]
    TooLongPath { length: usize, limit: usize },
    #[error("this system has no Unix sockets for portctl; give a host and a port")]
    NoSockets,
}
