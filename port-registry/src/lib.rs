//! The registry of TCP ports on a machine: it gives every service of every checkout a port of its own, so that no
//! two dev servers collide.
//!
//! A service asks for a port, and keeps it until it is released:
//!
//! ```
//! use port_registry::{Claim, Registry, ServiceKey};
//!
//! # let folder = tempfile::tempdir()?;
//! # let open = || Registry::builder().with_path(folder.path().join("ports.redb")).open();
//! # if false {
//! let registry = Registry::open()?; // ~/.port-registry/ports.redb
//! # }
//! # let registry = open()?;
//! let key = ServiceKey::new("shop", "main", "web")?;
//! let web = registry.get_or_allocate(Claim::new(key))?;
//! println!("listening on 127.0.0.1:{}", web.port);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Registry`] is a file that any number of programs use at the same time, without a daemon: build scripts, test
//! harnesses, dev tools, and the command line `portctl`.
//!
//! The tour begins with the common case:
//! [terms](#terms),
//! [one port per checkout](#one-port-per-checkout),
//! [build scripts](#build-scripts),
//! [a certain port](#a-certain-port),
//! [a port for a test](#a-port-for-a-test),
//! [look up, move and release](#look-up-move-and-release),
//! [several requests at once](#several-requests-at-once),
//! [who listens](#who-listens),
//! [errors](#errors),
//! [another file or range](#another-file-or-range),
//! [async code](#async-code),
//! [promises](#promises) and
//! [features](#features).
//!
//! # Terms
//!
//! - An *app* is a project, an *instance* is one checkout or variant of it, and a *service* is a part of it that
//!   listens on a port. Together they are the [`ServiceKey`].
//! - An [`Allocation`] is a service key that holds a [`Port`]. It is made from a [`Claim`].
//! - The *holder* is the allocation that a claim conflicts with. The [`Error`] contains it.
//!
//! # One port per checkout
//!
//! A port belongs to a checkout, and app and instance are labels of it. With the feature `detect`, [`Checkout`](struct.Checkout.html)
//! finds the checkout of a folder and its services, like `portctl get`. They keep their ports when the branch or the remote
//! changes, and two checkouts never share a port:
//!
//! ```
//! # #[cfg(feature = "detect")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use port_registry::{Checkout, Registry};
//!
//! # let folder = tempfile::tempdir()?;
//! # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
//! let web = Checkout::open(".")?.get_or_allocate(&registry, "web")?;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "detect"))]
//! # fn main() {}
//! ```
//!
//! A program that makes its own labels passes the root of the checkout to [`Claim::with_dir`]. Another checkout with
//! the same labels then gets [`Error::OtherCheckout`] instead of the same port.
//!
//! # Build scripts
//!
//! Read the port when the program starts, as above, rather than when it is built. A number that is compiled in stays
//! the same after the service is released, and in another checkout. For what must know the port at compile time, the
//! feature `detect` has [`build::reserve`](build/fn.reserve.html):
//!
//! ```
//! # #[cfg(feature = "detect")]
//! # fn script() {
//! // In build.rs:
//! port_registry::build::reserve("web"); // env!("WEB_PORT")
//! # }
//! ```
//!
//! # A certain port
//!
//! [`Claim::with_port`] claims one port and no other:
//!
//! ```
//! # use port_registry::{Claim, Error, Port, Registry, ServiceKey};
//! # let folder = tempfile::tempdir()?;
//! # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
//! # let key = ServiceKey::new("shop", "main", "postgres")?;
//! match registry.allocate(Claim::new(key).with_port(Port::new(5432)?)) {
//!     Ok(postgres) => println!("allocated {}", postgres.port),
//!     Err(Error::PortTaken { holder }) => println!("{} holds it", holder.key),
//!     Err(Error::PortInUse { port }) => println!("a process listens on {port}"),
//!     Err(error) => return Err(error.into()),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Claim::with_prefer`] asks for a port and accepts another if it is not available. [`Claim::with_listener_policy`]
//! adopts a service that listens on the port already.
//!
//! # A port for a test
//!
//! [`Registry::lease`] returns a [`Lease`], which releases its port when it is dropped:
//!
//! ```
//! # use port_registry::{Claim, Registry, ServiceKey};
//! # let folder = tempfile::tempdir()?;
//! # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
//! let database = registry.lease(Claim::new(ServiceKey::new("shop", "test-1", "db")?))?;
//! println!("postgres -p {}", database.port());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Look up, move and release
//!
//! A service is found by its key or the id of its allocation. A [`Filter`] selects several:
//!
//! ```
//! use port_registry::{Filter, Move};
//!
//! # use port_registry::{Claim, Registry, ServiceKey};
//! # let folder = tempfile::tempdir()?;
//! # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
//! # let key = ServiceKey::new("shop", "main", "web")?;
//! # registry.allocate(Claim::new(key.clone()))?;
//! if let Some(web) = registry.get_by_key(&key)? {
//!     let moved = registry.move_service(Move::new(web.id))?; // to another port
//!     assert_ne!(moved.port, web.port);
//! }
//! for allocation in registry.list(&Filter::new().with_app("shop"))? {
//!     registry.release(allocation.id)?;
//! }
//! # assert!(registry.list(&Filter::new())?.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! See also [`get`](Registry::get), [`release_by_key`](Registry::release_by_key) and
//! [`release_matching`](Registry::release_matching).
//!
//! # Several requests at once
//!
//! [`Registry::apply`] carries out a batch of requests in one commit. With [`Atomicity::AllOrNothing`], a request that
//! fails undoes the others:
//!
//! ```
//! use port_registry::{Atomicity, Request};
//!
//! # use port_registry::{Claim, Registry, ServiceKey};
//! # let folder = tempfile::tempdir()?;
//! # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
//! let web = Claim::new(ServiceKey::new("shop", "main", "web")?);
//! let db = Claim::new(ServiceKey::new("shop", "main", "db")?);
//! let requests = [Request::GetOrAllocate(web), Request::GetOrAllocate(db)];
//! let answers = registry.apply(&requests, Atomicity::AllOrNothing)?;
//! # assert!(answers.iter().all(Result::is_ok));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Who listens
//!
//! [`Registry::check`] tells who holds a port, and whether it is in use:
//!
//! ```
//! # use port_registry::{Port, Registry};
//! # let folder = tempfile::tempdir()?;
//! # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
//! let status = registry.check(Port::new(3000)?)?;
//! println!("available: {}, holder: {:?}, use: {:?}", status.available, status.holder, status.in_use);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The feature `listeners` adds the process and its checkout, and `Registry::status` for all allocations at once.
//!
//! # Errors
//!
//! Each operation returns an [`Error`]. Its message ends with the next step, and leaves out the cause, which
//! [`source`](std::error::Error::source) returns. [`Error::holder`] is the allocation in the way. An operation that
//! failed changed nothing, except perhaps after [`Error::OutcomeUnknown`].
//!
//! # Another file or range
//!
//! [`Registry::open`] heeds the environment variables `PORT_REGISTRY_DB`, the file, and `PORT_REGISTRY_RANGE`, the
//! ports to choose from, such as `3000-3999`. A [`Builder`] sets them in code:
//!
//! ```
//! use std::time::Duration;
//!
//! # use port_registry::Registry;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("ports.redb");
//! let registry = Registry::builder()
//!     .with_path(path)
//!     .with_range("4000-4999".parse()?)
//!     .with_wait(Duration::from_secs(1)) // for other processes; the default is 5 seconds
//!     .open()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Async code
//!
//! Every method may wait for the disk or another process. In async code, call the registry in a blocking task, such as
//! tokio's `spawn_blocking`. A clone of a registry is cheap and shares the open file.
//!
//! # Promises
//!
//! - No port and no service key is ever held twice, however many processes write at the same time.
//! - An answered request is on disk. A process that is killed at any moment loses no answered request, and blocks
//!   nobody.
//! - The file is checked when it is opened. A damaged file is an [error](Error::Damaged), and never a wrong answer.
//! - A port that a process listens on is not allocated, because ports are probed first.
//! - No call waits for other processes longer than the [wait deadline](Builder::with_wait), give or take a second.
//!   If a process was suspended while it wrote, other writers fail with [`Error::Busy`], and readers go on.
//!
//! # Features
//!
//! All features are off by default. The default build has 12 crates and no async runtime.
//!
//! | feature | content |
//! |---|---|
//! | `serde` | `Serialize` and `Deserialize` for the types that travel as JSON |
//! | `listeners` | the process that listens on a port, and its checkout |
//! | `detect` | the checkout that a folder is in and its labels, by running git; ports in build scripts |
//! | `daemon` | internals that the daemon and `portctl` share; not covered by semantic versioning |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod allocate;
#[cfg(feature = "detect")]
#[cfg_attr(docsrs, doc(cfg(feature = "detect")))]
pub mod build;
mod builder;
mod checkout;
#[cfg(feature = "daemon")]
#[doc(hidden)]
pub mod daemon;
mod deadline;
mod error;
mod fnv;
#[cfg(all(any(test, fuzzing), feature = "detect"))]
pub mod fuzz;
mod inspection;
mod lease;
mod registry;
#[cfg(feature = "listeners")]
mod status;
mod store;
mod store_error;
mod system;
mod types;
mod usage;
mod variable_name;

pub use allocate::request::{Answer, Atomicity, Request};
pub use builder::{Builder, DB_VARIABLE, RANGE_VARIABLE};
#[cfg(feature = "detect")]
#[cfg_attr(docsrs, doc(cfg(feature = "detect")))]
pub use checkout::detect::Checkout;
#[cfg(feature = "detect")]
#[doc(hidden)]
pub use checkout::file_status::FileStatus;
#[cfg(feature = "detect")]
#[doc(hidden)]
pub use checkout::hooks_folder::HooksFolder;
#[cfg(feature = "detect")]
#[doc(hidden)]
pub use checkout::labels::AppOrigin;
#[cfg(feature = "detect")]
#[cfg_attr(docsrs, doc(cfg(feature = "detect")))]
pub use checkout::labels::Labels;
#[cfg(feature = "detect")]
#[doc(hidden)]
pub use checkout::named::label_variable;
#[cfg(feature = "detect")]
#[cfg_attr(docsrs, doc(cfg(feature = "detect")))]
pub use checkout::named::{APP_VARIABLE, INSTANCE_VARIABLE};
#[cfg(feature = "detect")]
#[doc(hidden)]
pub use checkout::project_file::PortctlToml;
pub use checkout::reach::{CheckoutState, OutOfReach};
#[cfg(any(feature = "detect", feature = "listeners"))]
#[doc(hidden)]
pub use checkout::root::{PassedOver, RootKind};
pub use error::Error;
pub use inspection::Inspection;
pub use lease::Lease;
pub use registry::Registry;
pub use store_error::StoreError;
#[doc(hidden)]
pub use system::connect::connect;
pub use system::probe::{Probe, SystemProbe, Verdict};
pub use types::allocation::Allocation;
pub use types::allocation_id::{AllocationId, AllocationIdError};
pub use types::allocation_status::{AllocationStatus, ServiceState, StrayListener};
pub use types::checkout_name::CheckoutName;
pub use types::checkout_path::{CheckoutPath, DirError, MAX_DIR_LEN};
pub use types::claim::{Claim, ListenerPolicy};
pub use types::filter::Filter;
pub use types::label_origin::{LabelOrigin, LabelOriginError};
pub use types::port::{Port, PortError};
pub use types::port_status::PortStatus;
pub use types::range::{PortRange, PortRangeError};
pub use types::service_key::{MAX_NAME_LEN, NameError, NameFault, ServiceKey};
pub use types::service_move::Move;
pub use types::timestamp::{Timestamp, TimestampError};
pub use usage::checkout_evidence::CheckoutEvidence;
pub use usage::listener::{CHECKOUT_VARIABLE, Listener};
pub use usage::port_use::{PortUsage, PortUse};
pub use variable_name::variable_name;

/// Runs the Rust code of the package's README.
#[cfg(all(doctest, feature = "detect"))]
#[doc = include_str!("../README.md")]
struct Readme;
