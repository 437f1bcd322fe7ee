//! The daemon of the port registry: a REST API on the loopback address and on a Unix socket.
//!
//! Programs in Rust need no daemon, because the crate `port-registry` opens the registry's file in process. The daemon
//! is one more user of that file, for programs in other languages and for containers. The binary `port-registry` of
//! this package is [`run`] with a [`Config`] from its command line.
//!
//! # Embed the daemon
//!
//! A program that ships its own daemon makes a [`Config`] and runs it:
//!
//! ```no_run
//! use port_registry::Registry;
//! use port_registry_http::{AllowedUsers, Config, HostNames, run};
//!
//! run(Config {
//!     port: 51234,
//!     pidfile: "/home/me/.shop/ports.pid".into(),
//!     registry: Registry::builder().with_path("/home/me/.shop/ports.redb"),
//!     log: None,
//!     users: AllowedUsers::default(),
//!     hosts: HostNames::default(),
//! })?;
//! # Ok::<(), port_registry_http::DaemonError>(())
//! ```
//!
//! [`run`] blocks its thread until the process gets SIGTERM or SIGINT, and returns within 3 seconds after that. It
//! starts its own runtime, so call it on a thread that has none: the main thread, or one of your own. A thread within
//! a tokio runtime would panic.
//!
//! The handlers of SIGTERM, SIGINT and SIGHUP stay registered. So these signals do not end the process after [`run`] has
//! returned. End it yourself.
//!
//! # The configuration
//!
//! | field | choice |
//! |---|---|
//! | [`port`](Config::port) | 51234 is the port that `portctl` expects. 0 lets the system choose one, which the log names |
//! | [`pidfile`](Config::pidfile) | only one daemon runs for each pidfile. The Unix socket is beside it, with the extension `sock` |
//! | [`registry`](Config::registry) | the file, range and wait, as for a registry in process. `Registry::builder()` is the file that all programs of the user share |
//! | [`log`](Config::log) | standard error, or a file that becomes the standard error of the whole process until [`run`] returns |
//! | [`users`](Config::users) | on Linux, only this user and root are served. [`AllowedUsers`] adds others: `"alice,1001".parse()` |
//! | [`hosts`](Config::hosts) | the loopback names. [`HostNames::LoopbackAndContainers`] adds those that containers use |
//!
//! If the daemon cannot start, [`run`] returns a [`DaemonError`] that ends with what to change.
//!
//! # The path of a request
//!
//! 1. The daemon accepts the connection, at most 512 at a time. On Linux it asks the kernel for the user of a TCP
//!    client. Every request of a user who is not served gets 403.
//! 2. The head of the request has 10 seconds to arrive, and so has its body. The body has at most 64 KiB, or 16 MiB
//!    for a batch.
//! 3. Requests of web pages get 403, by the headers `Host`, `Origin` and `Sec-Fetch-Site`.
//! 4. The handler of the path decodes the request. A mistake gets 400 with the field that is wrong.
//! 5. Reads run on blocking threads. Changes wait for the writer thread, which carries out those that wait together
//!    in one commit. The thread that handles HTTP never blocks.
//! 6. The response is JSON. Each error has a message, a `code` for programs and, for a conflict, the holder.
//!
//! The package's README has the table of requests. A running daemon describes them at `GET /openapi.json`.

mod api;
mod api_error;
#[doc(hidden)]
pub mod args;
mod clock;
mod connection;
mod daemon;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod host_names;
mod identity;
mod json;
mod limits;
mod log;
mod page;
mod raw_argument;
mod workers;

pub use self::daemon::{Config, DaemonError, run};
pub use self::host_names::HostNames;
pub use port_registry::daemon::{AllowedUsers, AllowedUsersError, LockError};

/// Compiles the Rust code of the package's README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
