//! The one place on a machine that knows which TCP port belongs to which service of which
//! checkout, so that no two dev services ever collide.
//!
//! A [`Registry`] is a file that any number of programs use at once, without a server: build
//! scripts, test harnesses, dev tools. A service asks for a port and gets one that nobody else
//! has, now and until it is released:
//!
//! ```
//! use port_registry::{Claim, Registry, ServiceKey};
//!
//! # let folder = tempfile::tempdir()?;
//! # let open = || Registry::builder().path(folder.path().join("ports.redb")).open();
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
//! # A port of its own in every checkout
//!
//! Two checkouts of a project are two *instances* of one *app*. Pass the checkout's folder along, and
//! another checkout that comes out with the same names meets [`Error::OtherCheckout`], instead of
//! sharing the port. With the feature `detect`, `Checkout::of` finds the names that `portctl` uses.
//!
//! ```
//! # use port_registry::{Claim, Registry, ServiceKey};
//! # let folder = tempfile::tempdir()?;
//! # let registry = Registry::builder().path(folder.path().join("ports.redb")).open()?;
//! let here = std::env::current_dir()?;
//! let claim = Claim::new(ServiceKey::new("shop", "feature-x", "web")?).dir(&here)?;
//! let web = registry.get_or_allocate(claim)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # This port and no other
//!
//! [`Claim::port`] names a port. The error of a conflict carries who holds it. [`Claim::adopt`] is for a
//! service that listens there already.
//!
//! ```
//! # use port_registry::{Claim, Error, Port, Registry, ServiceKey};
//! # let folder = tempfile::tempdir()?;
//! # let registry = Registry::builder().path(folder.path().join("ports.redb")).open()?;
//! # let key = ServiceKey::new("shop", "main", "postgres")?;
//! match registry.allocate(Claim::new(key).port(Port::new(5432)?)) {
//!     Ok(postgres) => println!("allocated {}", postgres.port),
//!     Err(Error::PortTaken { holder }) => println!("{} has it", holder.key),
//!     Err(Error::PortInUse { port }) => println!("something listens on {port}"),
//!     Err(error) => return Err(error.into()),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # As long as a test runs
//!
//! [`Registry::lease`] gives a [`Lease`]; its port is released when the lease is dropped.
//!
//! ```
//! # use port_registry::{Claim, Registry, ServiceKey};
//! # let folder = tempfile::tempdir()?;
//! # let registry = Registry::builder().path(folder.path().join("ports.redb")).open()?;
//! let database = registry.lease(Claim::new(ServiceKey::new("shop", "test-1", "db")?))?;
//! println!("postgres -p {}", database.port());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The rest
//!
//! - Several at once, all or nothing: [`Registry::apply`] carries out several requests in one commit.
//! - Looking: [`Registry::list`], [`Registry::get`], and [`Registry::check`] for a port and who has it.
//! - Releasing: [`Registry::release`], and [`Registry::release_matching`] for what a [`Filter`] chooses.
//! - Another file, other ports, another wait: [`Registry::builder`]. [`Registry::open`] takes the file and
//!   the ports from `PORT_REGISTRY_DB` and `PORT_REGISTRY_RANGE`, where they are set.
//! - What goes wrong: [`Error`], whose messages say what to do next.
//! - Showing names on a terminal: [`visible`](visible()), since they may hold what acts on one.
//!
//! # What it promises
//!
//! - No port and no service key is ever held twice, however many processes write at once.
//! - What was answered is on the disk. A process killed at any moment loses nothing that was
//!   answered, and blocks nobody.
//! - The file is checked when it is opened. Damage is an [error](Error::Damaged), and no wrong answer.
//! - Ports are probed as well: one that something listens on is not given out.
//! - No call waits for other processes longer than the [wait deadline](Builder::wait), give or take
//!   a second. A process that was stopped while it wrote makes others fail with [`Error::Busy`];
//!   reads go on.
//!
//! # Words
//!
//! - An *app* is a project, an *instance* one checkout or variant of it, a *service* one thing in
//!   it that listens. The three together are the [`ServiceKey`].
//! - An [`Allocation`] is a service key that holds a [`Port`]. It is made of a [`Claim`].
//! - A *holder* is the allocation that stands in the way of a claim. The [`Error`] carries it.
//!
//! # Features
//!
//! All are off by default; the default is 11 crates, and no async runtime.
//!
//! - `serde`: (de)serialization of what travels as JSON.
//! - `listeners`: the process that listens on a port.
//! - `detect`: names for a folder, from git.
//! - `daemon`: whether a daemon runs, and what it says of itself, for programs that run, start or stop one.

mod allocate;
mod allocation;
mod builder;
mod checkout;
#[cfg(feature = "daemon")]
pub mod daemon;
mod deadline;
mod error;
#[cfg(all(any(test, fuzzing), feature = "detect"))]
pub mod fuzz;
mod inspection;
mod lease;
mod port;
mod range;
mod registry;
mod service_key;
mod store;
mod system;
mod timestamp;
mod visible;

pub use allocate::assignment_order::DAEMON_PORT;
pub use allocate::request::{Answer, Atomicity, Claim, DirError, MAX_DIR_LEN, Request};
pub use allocation::{Allocation, AllocationId, AllocationIdError, Filter, PortStatus};
pub use builder::{Builder, DB_VARIABLE, RANGE_VARIABLE};
#[cfg(feature = "detect")]
pub use checkout::detect::Checkout;
pub use error::{Error, StoreError};
pub use inspection::Examination;
pub use lease::Lease;
pub use port::{Port, PortError};
pub use range::{PortRange, PortRangeError};
pub use registry::Registry;
pub use service_key::{MAX_NAME_LEN, NameError, NameFault, ServiceKey};
pub use system::home::default_folder;
pub use system::listener::Listener;
pub use system::probe::{Probe, SystemProbe, Verdict};
pub use timestamp::{Timestamp, TimestampError};
pub use visible::{is_invisible, visible};

/// The README's Rust is run too.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
