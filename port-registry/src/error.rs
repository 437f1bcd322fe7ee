//! The library's errors.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::store_error::StoreError;
use crate::system::shell::quoted;
use crate::types::allocation::Allocation;
use crate::types::allocation_id::AllocationId;
use crate::types::checkout_path::CheckoutPath;
#[cfg(feature = "detect")]
use crate::types::checkout_path::DirError;
use crate::types::port::Port;
use crate::types::range::PortRange;

/// The error of a failed operation.
///
/// A failed operation changed nothing, with one exception: after [`OutcomeUnknown`](Error::OutcomeUnknown) it may
/// have taken effect. Messages end with the next step where there is one. They leave out the underlying error,
/// which [`source`](std::error::Error::source) returns.
///
/// The variants for conflicts can be constructed by callers, because clients of the daemon turn its responses into
/// them.
///
/// # Store errors
///
/// Every operation reads the store's file, and may fail with:
///
/// | error | reason |
/// |---|---|
/// | [`Busy`](Error::Busy) | another process holds the store |
/// | [`NotReadable`](Error::NotReadable) | this user may not read the file |
/// | [`Damaged`](Error::Damaged) | the file was damaged |
/// | [`SqliteFile`](Error::SqliteFile), [`ForeignFile`](Error::ForeignFile) | the file is not a registry |
/// | [`UnknownFormat`](Error::UnknownFormat) | another version of this library wrote the file |
/// | [`Store`](Error::Store) | an I/O error |
///
/// An operation that writes may also fail with [`NotWritable`](Error::NotWritable), [`JournalMissing`](Error::JournalMissing)
/// or [`OutcomeUnknown`](Error::OutcomeUnknown).
///
/// ```
/// use port_registry::{Claim, Error, Registry, ServiceKey};
///
/// # let folder = tempfile::tempdir()?;
/// # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
/// let claim = Claim::new(ServiceKey::new("shop", "main", "web")?);
/// match registry.allocate(claim) {
///     Ok(web) => println!("web has port {}", web.port),
///     Err(Error::PortTaken { holder } | Error::ServiceTaken { holder }) => {
///         println!("{} has port {}", holder.key, holder.port);
///     }
///     // The message names the next step.
///     Err(error) => return Err(error.into()),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Another service holds the port.
    #[error(
        "port {} is already allocated to {}; claim another port, or release that allocation",
        holder.port,
        holder.key
    )]
    PortTaken {
        /// The allocation that holds the port.
        holder: Box<Allocation>,
    },

    /// The service holds a port already.
    ///
    /// [`get_or_allocate`](crate::Registry::get_or_allocate) returns this error only if the claim names another port.
    #[error("{} already has port {}; use that port, or release it first", holder.key, holder.port)]
    ServiceTaken {
        /// The allocation of the service.
        holder: Box<Allocation>,
    },

    /// The service belongs to another checkout that has the same app and instance and still exists.
    #[error(
        "{} belongs to the checkout {}, not to {}; give one of them another instance name",
        holder.key,
        holder.dir.as_ref().map_or("", CheckoutPath::as_str),
        wanted.display()
    )]
    OtherCheckout {
        /// The allocation of the other checkout.
        holder: Box<Allocation>,
        /// The checkout of the claim.
        wanted: PathBuf,
    },

    /// A process on this machine has the port open, and the claim's
    /// [listener policy](crate::Claim::with_listener_policy) refuses that.
    #[error("port {port} is in use on this system; claim another port, or adopt its listener")]
    PortInUse {
        /// The claimed port.
        port: Port,
    },

    /// No port of the range is available: each is allocated, in use, or may not be bound by this user.
    #[error(
        "no free port is left in the range {range}: each is allocated, in use, or not for this user to bind; \
         release some, or widen the range"
    )]
    #[non_exhaustive]
    NoFreePort {
        /// The range that was searched.
        range: PortRange,
    },

    /// No allocation has this id.
    #[error("allocation {id} not found")]
    NotFound {
        /// The id.
        id: AllocationId,
    },

    /// The filter of a release has no conditions, so that it would match everything.
    #[error("at least one filter is required to release allocations")]
    EmptyFilter,

    /// Another request of the same all-or-nothing batch failed.
    #[error("not done, because another request of the batch failed")]
    NotApplied,

    /// Another process held the store for longer than the wait deadline.
    #[error(
        "the registry at {} is busy: another process has kept it locked for more than {} s; \
         try again, or check for a process that is suspended",
        path.display(),
        waited.as_secs_f32()
    )]
    #[non_exhaustive]
    Busy {
        /// The store's file.
        path: PathBuf,
        /// The time that the operation waited.
        waited: Duration,
    },

    /// The user, the file system or a sandbox does not allow writing to the store.
    #[error(
        "cannot write the registry at {}; make it writable, or set PORT_REGISTRY_DB to another file",
        path.display()
    )]
    #[non_exhaustive]
    NotWritable {
        /// The store's file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },

    /// The user or a sandbox does not allow reading the store.
    #[error(
        "cannot read the registry at {}; make it readable, or set PORT_REGISTRY_DB to another file",
        path.display()
    )]
    #[non_exhaustive]
    NotReadable {
        /// The store's file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },

    /// The home folder is unknown, so that the store has no default path.
    #[error("HOME is not an absolute path; set it, or set PORT_REGISTRY_DB to the registry's file")]
    NoHome,

    /// A checkout gives no app or no instance, because it has no valid name for it.
    #[cfg(feature = "detect")]
    #[cfg_attr(docsrs, doc(cfg(feature = "detect")))]
    #[error("the checkout {} has no valid name for the {field}; name the app and the instance instead", root.display())]
    #[non_exhaustive]
    NoLabel {
        /// The root of the checkout.
        root: PathBuf,
        /// The name that is missing: `app`, `instance` or `service`.
        field: &'static str,
    },

    /// A checkout has no path that can be recorded.
    #[cfg(feature = "detect")]
    #[cfg_attr(docsrs, doc(cfg(feature = "detect")))]
    #[error("the checkout {} cannot be recorded; name the app and the instance instead", root.display())]
    #[non_exhaustive]
    Unrecordable {
        /// The root of the checkout.
        root: PathBuf,
        /// The problem of the path.
        source: DirError,
    },

    /// The checkout that a folder is in cannot be identified, for example because git failed.
    #[cfg(feature = "detect")]
    #[cfg_attr(docsrs, doc(cfg(feature = "detect")))]
    #[error("cannot identify the checkout of {}", folder.display())]
    #[non_exhaustive]
    Checkout {
        /// The folder.
        folder: PathBuf,
        /// The error of git, of running it, or of the file system.
        source: io::Error,
    },

    /// The default folder of the store is not a folder, every user can write to it, or it belongs to another user.
    #[error("{} cannot be used: {reason}", folder.display())]
    #[non_exhaustive]
    UnusableFolder {
        /// The folder.
        folder: PathBuf,
        /// The problem and the next step.
        reason: String,
    },

    /// An environment variable is invalid.
    #[error("{variable} cannot be used: {reason}")]
    #[non_exhaustive]
    Setting {
        /// The environment variable.
        variable: &'static str,
        /// The problem.
        reason: String,
    },

    /// The file is an `SQLite` database, like the one that the Go program of the same name uses.
    #[error(
        "{path} is an SQLite database, not a registry; it was left unchanged; name another file. Import its \
         allocations by `sqlite3 -json {quoted} 'SELECT * FROM allocations' | portctl import -`, or \
         pass `portctl import` the output of the Go program's GET /v1/allocations",
        path = path.display(),
        quoted = quoted(path)
    )]
    #[non_exhaustive]
    SqliteFile {
        /// The file.
        path: PathBuf,
    },

    /// The file is not a registry.
    #[error("{} is not a port registry; it was left unchanged; name another file", path.display())]
    #[non_exhaustive]
    ForeignFile {
        /// The file.
        path: PathBuf,
    },

    /// Another version of this program wrote the file, in a format that this version does not know.
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
        /// The version that this program knows.
        supported: u64,
    },

    /// The file or its journal is damaged, or they do not belong together.
    #[error(
        "the registry at {path} is damaged: {detail}; it was left unchanged; restore {path} and {path}.journal together \
         from a backup, or move both away to start a new one",
        path = path.display()
    )]
    #[non_exhaustive]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The damage.
        detail: String,
    },

    /// The journal beside the file is missing, which has the latest changes. So the registry is read only.
    #[error(
        "cannot change the registry at {path}, because {} is missing, which has the latest changes; restore it, or move \
         {path} away and run `portctl import` on it, to keep the rest",
        journal.display(),
        path = path.display()
    )]
    #[non_exhaustive]
    JournalMissing {
        /// The file.
        path: PathBuf,
        /// The journal.
        journal: PathBuf,
    },

    /// This process may bind no port at all, as in a sandbox without network access, so that no port can be probed.
    ///
    /// Run it outside of the sandbox.
    #[error("this process may not bind ports, so it cannot tell which are in use")]
    #[non_exhaustive]
    MayNotBind {
        /// The error of the operating system.
        source: io::Error,
    },

    /// The operating system failed to tell if a port is in use.
    #[error("cannot find out whether port {port} is in use; fix the cause and try again")]
    #[non_exhaustive]
    Probe {
        /// The port.
        port: Port,
        /// The error of the operating system.
        source: io::Error,
    },

    /// The store failed during a commit, and failed again when the commit was undone. The next writer decides if it took
    /// effect.
    ///
    /// Read the store once the cause is gone.
    #[error(
        "the registry at {} failed, and it is unknown whether the change took effect; \
         fix the cause, then list the allocations",
        path.display()
    )]
    #[non_exhaustive]
    OutcomeUnknown {
        /// The file.
        path: PathBuf,
        /// The failure.
        source: StoreError,
    },

    /// The store failed. The source names the cause.
    #[error("the registry at {} failed", path.display())]
    #[non_exhaustive]
    Store {
        /// The file.
        path: PathBuf,
        /// The failure.
        source: StoreError,
    },
}

impl Error {
    /// Makes the error of a probe that failed.
    pub(crate) fn of_probe(port: Port, source: io::Error) -> Error {
        match source.kind() {
            io::ErrorKind::PermissionDenied => Error::MayNotBind { source },
            _ => Error::Probe { port, source },
        }
    }

    /// Returns the conflicting allocation, or `None` for errors that are no conflict with one.
    pub fn holder(&self) -> Option<&Allocation> {
        match self {
            Error::PortTaken { holder }
            | Error::ServiceTaken { holder }
            | Error::OtherCheckout { holder, .. } => Some(holder),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io;

    use super::Error;
    use crate::store_error::StoreError;

    #[test]
    fn the_source_is_returned_and_not_repeated_in_the_message() {
        let store = |source| Error::Store {
            path: "ports.redb".into(),
            source,
        };
        let error = store(StoreError::from_io(io::Error::other("the disk is gone")));
        let source = error.source().unwrap();
        assert_eq!(source.to_string(), "the disk is gone");
        assert!(!error.to_string().contains("the disk is gone"));
        // A source that repeated itself would be rendered twice.
        assert!(source.source().is_none());
        let error = store(StoreError::from_engine("out of pages"));
        assert_eq!(error.source().unwrap().to_string(), "out of pages");
    }
}
