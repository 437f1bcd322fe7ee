//! What can go wrong.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::allocation::{Allocation, AllocationId};
use crate::port::Port;
use crate::range::PortRange;

/// Why the registry did not do what it was asked to. Nothing was changed then, except perhaps
/// where it is [`OutcomeUnknown`](Error::OutcomeUnknown).
///
/// Callers may construct the conflicts: a client of the daemon does, from its answers.
///
/// # What a store can meet
///
/// Every operation reads the file, and may fail with [`Busy`](Error::Busy),
/// [`NotReadable`](Error::NotReadable), [`Damaged`](Error::Damaged), [`SqliteFile`](Error::SqliteFile),
/// [`ForeignFile`](Error::ForeignFile), [`UnknownFormat`](Error::UnknownFormat) or
/// [`Store`](Error::Store). One that changes something may also fail with
/// [`NotWritable`](Error::NotWritable), and with [`OutcomeUnknown`](Error::OutcomeUnknown): then look
/// whether it took effect before you try again.
///
/// ```
/// use port_registry::{Claim, Error, Registry, ServiceKey};
///
/// # let folder = tempfile::tempdir()?;
/// # let registry = Registry::builder().path(folder.path().join("ports.redb")).open()?;
/// # let claim = Claim::new(ServiceKey::new("shop", "main", "web")?);
/// match registry.allocate(claim) {
///     Ok(web) => println!("web has port {}", web.port),
///     Err(Error::PortTaken { holder } | Error::ServiceTaken { holder }) => {
///         println!("{} has port {}", holder.key, holder.port);
///     }
///     // The message says what to do.
///     Err(error) => return Err(error.into()),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Another service holds the port.
    #[error("port {} is already allocated to {}", holder.port, holder.key)]
    PortTaken {
        /// The allocation that holds it.
        holder: Box<Allocation>,
    },

    /// The service holds a port already. [`allocate`](crate::Registry::allocate) always refuses then,
    /// [`get_or_allocate`](crate::Registry::get_or_allocate) only if the claim names another port.
    #[error("{} already has port {}", holder.key, holder.port)]
    ServiceTaken {
        /// The allocation it holds.
        holder: Box<Allocation>,
    },

    /// A checkout elsewhere, which still exists, goes by the same app and instance.
    #[error(
        "{} belongs to the checkout {}, not to {wanted}",
        holder.key,
        holder.dir.as_deref().unwrap_or_default()
    )]
    OtherCheckout {
        /// The allocation of the other checkout.
        holder: Box<Allocation>,
        /// The checkout that asked.
        wanted: String,
    },

    /// Something on this machine has the port open, and the claim does not
    /// [adopt](crate::Claim::adopt) it.
    #[error("port {port} is in use on this system")]
    PortInUse {
        /// The port asked for.
        port: Port,
    },

    /// Each port of the range is allocated, in use on this system, or not for this user to bind.
    #[error(
        "no free port is left in the range {range}: each is allocated, in use, or not for this user to bind; \
         release some, or widen the range"
    )]
    #[non_exhaustive]
    NoFreePort {
        /// The range that was searched.
        range: PortRange,
    },

    /// There is no allocation with this id.
    #[error("allocation {id} not found")]
    NotFound {
        /// The id asked for.
        id: AllocationId,
    },

    /// A release by filter that would have released everything.
    #[error("at least one filter is required to release allocations")]
    EmptyFilter,

    /// Another request of the same all-or-nothing batch failed.
    #[error("not done, because another request of the batch failed")]
    NotApplied,

    /// Another process kept the store to itself for longer than the wait deadline.
    #[error(
        "the registry at {} is busy: another process has held it for more than {} s; \
         try again, or see whether one is stopped",
        path.display(),
        waited.as_secs_f32()
    )]
    #[non_exhaustive]
    Busy {
        /// The store's file.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
    },

    /// The store is to be changed, and this user, file system or sandbox does not allow it.
    #[error(
        "cannot write the registry at {}: {cause}; make it writable, or name another file by PORT_REGISTRY_DB",
        path.display()
    )]
    #[non_exhaustive]
    NotWritable {
        /// The store's file.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },

    /// The store cannot be looked at by this user.
    #[error(
        "cannot read the registry at {}: {cause}; make it readable, or name another file by PORT_REGISTRY_DB",
        path.display()
    )]
    #[non_exhaustive]
    NotReadable {
        /// The store's file.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },

    /// No default place for the store could be made out.
    #[error(
        "HOME is not an absolute path; set it, or name the registry's file by PORT_REGISTRY_DB"
    )]
    NoHome,

    /// Which checkout a folder is in cannot be told.
    #[cfg(feature = "detect")]
    #[error("git cannot tell what checkout {} is: {cause}", folder.display())]
    #[non_exhaustive]
    Checkout {
        /// The folder.
        folder: PathBuf,
        /// What went wrong.
        cause: io::Error,
    },

    /// The default place for the store is none, or is not safe from other users.
    #[error("{} cannot be used: {reason}", folder.display())]
    #[non_exhaustive]
    UnusableFolder {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it, and what to do about it.
        reason: String,
    },

    /// A setting of the environment cannot be used.
    #[error("{variable} cannot be used: {reason}")]
    #[non_exhaustive]
    Setting {
        /// The environment variable.
        variable: &'static str,
        /// What is wrong with it.
        reason: String,
    },

    /// The file is an `SQLite` database, such as the Go program of the same name kept.
    #[error(
        "{path} is an SQLite database, not a registry; it was left as it is, name another file. Take its \
         allocations over by `sqlite3 -json '{path}' 'SELECT * FROM allocations' | portctl import -`, or \
         give `portctl import` what the old server's GET /v1/allocations printed",
        path = path.display().to_string().replace('\'', r"'\''")
    )]
    #[non_exhaustive]
    SqliteFile {
        /// The file.
        path: PathBuf,
    },

    /// The file holds something else than a registry.
    #[error("{} is not a port registry; it was left as it is, name another file", path.display())]
    #[non_exhaustive]
    ForeignFile {
        /// The file.
        path: PathBuf,
    },

    /// Another version of this program wrote the file in a format that this one does not know.
    #[error(
        "{} has format version {found}, and this program knows version {supported}; use a program that knows {found}",
        path.display()
    )]
    #[non_exhaustive]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// The version found in the file.
        found: u64,
        /// The latest version that this program knows.
        supported: u64,
    },

    /// The file is damaged.
    #[error("the registry at {} is damaged: {detail}; it was kept, move it away to start a new one", path.display())]
    #[non_exhaustive]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },

    /// The operating system could not say whether a port is in use.
    #[error("cannot find out whether port {port} is in use: {cause}")]
    #[non_exhaustive]
    Probe {
        /// The port.
        port: Port,
        /// What the operating system said.
        cause: io::Error,
    },

    /// The store failed while it committed, and went on failing when it was asked whether the commit
    /// took effect. Once the cause is gone, looking tells.
    #[error(
        "the registry at {} failed, and whether it was changed cannot be told: {cause}; \
         mend the cause, then look",
        path.display()
    )]
    #[non_exhaustive]
    OutcomeUnknown {
        /// The file.
        path: PathBuf,
        /// What failed.
        cause: StoreError,
    },

    /// The store failed.
    #[error("the registry at {} failed: {cause}", path.display())]
    #[non_exhaustive]
    Store {
        /// The file.
        path: PathBuf,
        /// What failed.
        cause: StoreError,
    },
}

impl Error {
    /// The allocation that stands in the way, for the errors that have one.
    pub fn holder(&self) -> Option<&Allocation> {
        match self {
            Error::PortTaken { holder }
            | Error::ServiceTaken { holder }
            | Error::OtherCheckout { holder, .. } => Some(holder),
            _ => None,
        }
    }
}

/// A failure of the store itself, such as an I/O error.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct StoreError(StoreFault);

/// Keeps the storage engine's own error types out of the public ones.
#[derive(Debug, Error)]
pub(crate) enum StoreFault {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Engine(Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    pub(crate) fn new(fault: impl Into<StoreFault>) -> StoreError {
        StoreError(fault.into())
    }

    /// The I/O error behind the failure, where there is one.
    pub fn io_error(&self) -> Option<&io::Error> {
        match &self.0 {
            StoreFault::Io(error) => Some(error),
            StoreFault::Engine(_) => None,
        }
    }
}
