//! Opening a registry.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::allocate::allocator::Allocator;
use crate::allocate::assignment_order::AssignmentOrder;
use crate::error::Error;
use crate::inspection::{self, Inspection};
use crate::registry::Registry;
use crate::store::transaction::Store;
use crate::system::home::default_folder;
use crate::system::probe::{Probe, SystemProbe};
use crate::types::range::{PortRange, PortRangeError};

/// The environment variable that names the store's file.
pub const DB_VARIABLE: &str = "PORT_REGISTRY_DB";
/// The environment variable that sets the range of ports for claims without a port.
pub const RANGE_VARIABLE: &str = "PORT_REGISTRY_RANGE";

/// The default time that a call waits for other processes.
const DEFAULT_WAIT: Duration = Duration::from_secs(5);

/// The settings of a [`Registry`] that is to be opened.
///
/// ```
/// use std::time::Duration;
/// use port_registry::{Filter, Registry};
///
/// # let folder = tempfile::tempdir()?;
/// let registry = Registry::builder()
///     .with_path(folder.path().join("ports.redb"))
///     .with_range("4000-4999".parse()?)
///     .with_wait(Duration::from_secs(1))
///     .open()?;
/// assert!(registry.list(&Filter::new())?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it opens a registry"]
pub struct Builder {
    path: Option<PathBuf>,
    range: Option<PortRange>,
    wait: Duration,
    probe: Box<dyn Probe>,
}

impl Default for Builder {
    fn default() -> Builder {
        Builder {
            path: None,
            range: None,
            wait: DEFAULT_WAIT,
            probe: Box::new(SystemProbe),
        }
    }
}

impl Builder {
    /// Makes the settings that the environment asks for: the file in `PORT_REGISTRY_DB` and the range in
    /// `PORT_REGISTRY_RANGE`. An empty variable counts as not set.
    ///
    /// # Errors
    ///
    /// [`Setting`](Error::Setting) if a variable is invalid.
    pub fn from_env() -> Result<Builder, Error> {
        Builder::from_variables(|name| env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Builder, Error> {
        let mut builder = Builder::default();
        if let Some(path) = variable(DB_VARIABLE) {
            builder = builder.with_path(path);
        }
        if let Some(range) = variable(RANGE_VARIABLE) {
            let range = range.to_string_lossy().parse();
            let range = range.map_err(|error: PortRangeError| Error::Setting {
                variable: RANGE_VARIABLE,
                reason: error.to_string(),
            })?;
            builder = builder.with_range(range);
        }
        Ok(builder)
    }

    /// Sets the store's file. The default is `~/.port-registry/ports.redb`. A relative path is resolved against the
    /// current folder.
    pub fn with_path(self, path: impl Into<PathBuf>) -> Builder {
        Builder {
            path: Some(path.into()),
            ..self
        }
    }

    /// Sets the range for claims without a port. The default is all ports.
    pub fn with_range(self, range: PortRange) -> Builder {
        Builder {
            range: Some(range),
            ..self
        }
    }

    /// Sets the time that a call waits for other processes before it fails with [`Error::Busy`]. The default is 5
    /// seconds.
    pub fn with_wait(self, wait: Duration) -> Builder {
        Builder { wait, ..self }
    }

    /// Sets the probe that tells if a port is in use. The default is the [`SystemProbe`].
    pub fn with_probe(self, probe: impl Probe + 'static) -> Builder {
        Builder {
            probe: Box::new(probe),
            ..self
        }
    }

    /// Returns the file that was set, or `None` for the default. [`store_path`](Self::store_path) returns the default
    /// too.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Returns the range that was set, or `None` for the default.
    pub fn range(&self) -> Option<PortRange> {
        self.range
    }

    /// Returns the time that a call waits for other processes.
    pub fn wait(&self) -> Duration {
        self.wait
    }

    /// Returns the absolute path of the file that [`open`](Self::open) uses.
    ///
    /// # Errors
    ///
    /// [`NoHome`](Error::NoHome) or [`UnusableFolder`](Error::UnusableFolder) if no path was set and the default is
    /// unusable.
    pub fn store_path(&self) -> Result<PathBuf, Error> {
        let path = match &self.path {
            Some(path) => path.clone(),
            None => default_folder()?.join("ports.redb"),
        };
        Ok(std::path::absolute(&path).unwrap_or(path))
    }

    /// Opens the registry.
    ///
    /// A store that does not exist is created by the first write. Until then, nothing is written and the registry is
    /// empty.
    ///
    /// # Errors
    ///
    /// - [`NoHome`](Error::NoHome) or [`UnusableFolder`](Error::UnusableFolder) if no path was set and the default is
    ///   unusable
    /// - [store errors](Error#store-errors)
    pub fn open(self) -> Result<Registry, Error> {
        let registry = Registry::new(Allocator::new(
            Store::new(&self.store_path()?, self.wait),
            AssignmentOrder::of_this_system(self.range.unwrap_or(PortRange::ALL)),
            self.probe,
        ));
        registry.open_store()?;
        Ok(registry)
    }

    /// Reads the whole store, checks it as [`Registry::verify`] does, and tests if it could be changed.
    ///
    /// Nothing is created or changed.
    ///
    /// ```
    /// use port_registry::{Claim, Registry, ServiceKey};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let builder = || Registry::builder().with_path(folder.path().join("ports.redb"));
    /// assert_eq!(builder().inspect()?.format_version, None);
    /// # let web = Claim::new(ServiceKey::new("shop", "main", "web")?);
    /// builder().open()?.allocate(web)?;
    /// let found = builder().inspect()?;
    /// assert_eq!(found.allocations.len(), 1);
    /// assert!(found.obstacle.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn inspect(self) -> Result<Inspection, Error> {
        let store = Store::new(&self.store_path()?, self.wait);
        inspection::inspect(&store)
    }
}

impl Registry {
    /// Opens the registry that all programs of this user share: `~/.port-registry/ports.redb`, or the file in
    /// `PORT_REGISTRY_DB`.
    ///
    /// # Errors
    ///
    /// Those of [`Builder::from_env`] and [`Builder::open`].
    pub fn open() -> Result<Registry, Error> {
        Builder::from_env()?.open()
    }

    /// Returns the default settings, for a registry with other ones.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use super::{Builder, RANGE_VARIABLE};
    use crate::error::Error;

    #[test]
    fn the_environment_names_the_file_and_the_range() {
        let builder = Builder::from_variables(|name| {
            Some(OsString::from(match name {
                RANGE_VARIABLE => "4000-4001",
                _ => "/some/ports.redb",
            }))
        })
        .unwrap();
        assert_eq!(builder.path(), Some(Path::new("/some/ports.redb")));
        assert_eq!(builder.range().unwrap().to_string(), "4000-4001");
    }

    #[test]
    fn the_error_for_an_invalid_range_names_its_variable() {
        let error = Builder::from_variables(|name| {
            (name == RANGE_VARIABLE).then(|| OsString::from("4000"))
        })
        .unwrap_err();
        assert!(matches!(&error, Error::Setting { variable, .. } if *variable == RANGE_VARIABLE));
        assert_eq!(
            error.to_string(),
            "PORT_REGISTRY_RANGE cannot be used: a port range is two ports from 1 to 65535, \
             the lower one first, like 3000-3999"
        );
    }
}
