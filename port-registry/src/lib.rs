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
//! harnesses, dev tools.
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
//! A port belongs to a checkout, and app and instance are labels of it. With the feature `detect`, `Checkout` finds the
//! checkout of a folder and its services, exactly like `portctl get`. They keep their ports whatever git says about
//! branches and remotes later, and two checkouts never share one:
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
//! A program that makes its own labels passes the checkout's folder to [`Claim::with_dir`]. Another checkout with the
//! same labels then gets [`Error::OtherCheckout`] instead of the same port.
//!
//! # Build scripts
//!
//! Read a port when the program starts, as above, rather than when it is built: a number that is compiled in stays what it
//! was when the service is released, or when the program is run from another checkout. For what must know the port at
//! compile time, the feature `detect` has `build::reserve`:
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
//! [`Claim::with_port`] claims one port and no other. [`Claim::with_listener_policy`] adopts a service that
//! listens there already.
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
//! # A port for a test
//!
//! [`Registry::lease`] returns a [`Lease`], which releases its port when it is dropped.
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
//! # More
//!
//! | task | method |
//! |---|---|
//! | look up an allocation | [`Registry::get`], [`Registry::get_by_key`], [`Registry::list`] |
//! | see who holds a port, and who listens on it | [`Registry::check`]; for all allocations, `Registry::status` with the feature `listeners` |
//! | give a service another port | [`Registry::move_service`] |
//! | release | [`Registry::release`], [`Registry::release_by_key`], [`Registry::release_matching`] |
//! | several requests, all or nothing | [`Registry::apply`] |
//! | another file, range or wait | [`Registry::builder`], or `PORT_REGISTRY_DB` and `PORT_REGISTRY_RANGE` |
//!
//! In async code, call the registry in a blocking task, such as tokio's `spawn_blocking`, because every method may
//! wait.
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
//! All features are off by default. The default build has 11 crates and no async runtime.
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
