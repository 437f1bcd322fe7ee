//! The sockets of all users, from the interface of the Linux kernel for them, `sock_diag(7)`.

#[cfg(feature = "daemon")]
pub(crate) mod connection;
#[cfg(feature = "listeners")]
pub(crate) mod listening;
mod message;
