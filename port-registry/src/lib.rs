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
//! # Words
//!
//! - An *app* is a project, an *instance* one checkout or variant of it, a *service* one thing in
//!   it that listens. The three together are the [`ServiceKey`].
//! - An [`Allocation`] is a service key that holds a [`Port`]. It is made of a [`Claim`].
//! - A *holder* is the allocation that stands in the way of a claim. The [`Error`] carries it.
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
//! # More
//!
//! [`Registry::apply`] carries out several requests in one commit, [`Registry::lease`] gives ports
//! that are released when dropped, and [`Builder`] has the settings.
//!
//! # Features
//!
//! - `serde`: (de)serialization of what travels as JSON. Off by default.
//! - `listeners`: the process that listens on a port. Off by default.
//! - `detect`: names for the current folder, from git. Off by default.
//! - `daemon`: whether a daemon runs, for those that run, start and stop one. Off by default.

mod allocation;
mod assign;
mod batch;
mod builder;
#[cfg(feature = "daemon")]
pub mod daemon;
mod deadline;
#[cfg(feature = "detect")]
mod detect;
mod error;
mod examination;
mod files;
mod folder;
#[cfg(all(any(test, fuzzing), feature = "detect"))]
pub mod fuzz;
mod home;
mod lease;
mod listener;
mod plan;
mod port;
mod probe;
mod range;
mod registry;
mod request;
mod scout;
mod service_key;
mod store;
#[cfg(feature = "daemon")]
mod supervisor;
mod timestamp;

pub use allocation::{Allocation, AllocationId, AllocationIdError, Filter, PortStatus};
pub use assign::DAEMON_PORT;
pub use builder::{Builder, DB_VARIABLE, RANGE_VARIABLE};
#[cfg(feature = "detect")]
pub use detect::Checkout;
pub use error::{Error, StoreError};
pub use examination::Examination;
pub use home::default_folder;
pub use lease::Lease;
pub use listener::Listener;
pub use port::{Port, PortError};
pub use probe::{Probe, SystemProbe, Verdict};
pub use range::{PortRange, PortRangeError};
pub use registry::Registry;
pub use request::{Answer, Atomicity, Claim, MAX_DIR_LEN, Request};
pub use service_key::{MAX_NAME_LEN, NameError, NameFault, ServiceKey};
pub use timestamp::{Timestamp, TimestampError};
