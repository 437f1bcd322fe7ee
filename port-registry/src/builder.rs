//! How a registry is opened.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::allocate::assignment_order::AssignmentOrder;
use crate::error::Error;
use crate::inspection::{self, Examination};
use crate::range::PortRange;
use crate::registry::Registry;
use crate::store::Store;
use crate::system::home::default_folder;
use crate::system::probe::{Probe, SystemProbe};

/// The environment variable that names the store's file.
pub const DB_VARIABLE: &str = "PORT_REGISTRY_DB";
/// The environment variable that narrows the ports that are given out.
pub const RANGE_VARIABLE: &str = "PORT_REGISTRY_RANGE";

/// How long a call waits for other processes by default.
const DEFAULT_WAIT: Duration = Duration::from_secs(5);

/// Settings to open a [`Registry`] with.
///
/// ```
/// use std::time::Duration;
/// use port_registry::Registry;
///
/// # let folder = tempfile::tempdir()?;
/// let registry = Registry::builder()
///     .path(folder.path().join("ports.redb"))
///     .range("4000-4999".parse()?)
///     .wait(Duration::from_secs(1))
///     .open()?;
/// assert!(registry.list(&Default::default())?.is_empty());
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
    /// The settings that the environment asks for: the store's file by `PORT_REGISTRY_DB`, the
    /// range by `PORT_REGISTRY_RANGE`. A variable that is empty counts as not set.
    ///
    /// # Errors
    ///
    /// [`Setting`](Error::Setting) when a variable cannot be used.
    pub fn from_env() -> Result<Builder, Error> {
        Builder::from_variables(|name| env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Builder, Error> {
        let mut builder = Builder::default();
        if let Some(path) = variable(DB_VARIABLE) {
            builder = builder.path(path);
        }
        if let Some(range) = variable(RANGE_VARIABLE) {
            let range = range.to_string_lossy().parse();
            builder =
                builder.range(
                    range.map_err(|error: crate::PortRangeError| Error::Setting {
                        variable: RANGE_VARIABLE,
                        reason: error.to_string(),
                    })?,
                );
        }
        Ok(builder)
    }

    /// The store's file; `~/.port-registry/ports.redb` unless set. A relative path is taken from
    /// the current folder.
    pub fn path(self, path: impl Into<PathBuf>) -> Builder {
        Builder {
            path: Some(path.into()),
            ..self
        }
    }

    /// The ports to choose from for a claim that names none; all of them unless set.
    pub fn range(self, range: PortRange) -> Builder {
        Builder {
            range: Some(range),
            ..self
        }
    }

    /// How long a call waits for other processes before it fails with [`Error::Busy`]; 5 seconds
    /// unless set.
    pub fn wait(self, wait: Duration) -> Builder {
        Builder { wait, ..self }
    }

    /// What tells whether a port is in use; the [`SystemProbe`] unless set.
    pub fn probe(self, probe: impl Probe + 'static) -> Builder {
        Builder {
            probe: Box::new(probe),
            ..self
        }
    }

    /// The ports to choose from, if [some were set](Self::range).
    pub fn chosen_range(&self) -> Option<PortRange> {
        self.range
    }

    /// The file that [`open`](Self::open) would use, as an absolute path.
    ///
    /// # Errors
    ///
    /// Those of [`default_folder`](crate::default_folder) when no path is set.
    pub fn store(&self) -> Result<PathBuf, Error> {
        let path = match &self.path {
            Some(path) => path.clone(),
            None => default_folder()?.join("ports.redb"),
        };
        Ok(std::path::absolute(&path).unwrap_or(path))
    }

    /// Opens the registry. A store that is not there yet is created when something is first to be
    /// stored; until then the registry is empty, and nothing is written.
    ///
    /// # Errors
    ///
    /// [`SqliteFile`](Error::SqliteFile), [`ForeignFile`](Error::ForeignFile) or
    /// [`UnknownFormat`](Error::UnknownFormat) when the file is not a registry that this program
    /// knows; it is left as it is. [`NoHome`](Error::NoHome) or
    /// [`UnusableFolder`](Error::UnusableFolder) when no path is set and there is no place for it.
    /// [`Busy`](Error::Busy), [`NotReadable`](Error::NotReadable), [`Damaged`](Error::Damaged) and
    /// [`Store`](Error::Store) when the file cannot be read.
    pub fn open(self) -> Result<Registry, Error> {
        let registry = Registry::new(
            Store::new(&self.store()?, self.wait),
            AssignmentOrder::of_this_system(self.range.unwrap_or(PortRange::ALL)),
            self.probe,
        );
        registry.try_open()?;
        Ok(registry)
    }

    /// Looks at the registry, as it is, for what may be wrong with it. Nothing is created or changed:
    /// a file that a process was killed over is not even mended, as [`open`](Self::open) would do it.
    /// All of the file is read, and checked as by [`Registry::verify`].
    ///
    /// ```
    /// use port_registry::{Claim, Registry, ServiceKey};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let builder = || Registry::builder().path(folder.path().join("ports.redb"));
    /// assert_eq!(builder().examine()?.format_version, None);
    /// # let web = Claim::new(ServiceKey::new("shop", "main", "web")?);
    /// builder().open()?.allocate(web)?;
    /// let found = builder().examine()?;
    /// assert_eq!(found.allocations.len(), 1);
    /// assert!(found.obstacle.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), and [`Damaged`](Error::Damaged) where what is stored does not
    /// agree with itself.
    pub fn examine(self) -> Result<Examination, Error> {
        inspection::examine(&Store::to_be_left_as_it_is(&self.store()?, self.wait))
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
        assert_eq!(builder.path.as_deref(), Some(Path::new("/some/ports.redb")));
        assert_eq!(builder.range.unwrap().to_string(), "4000-4001");
    }

    #[test]
    fn a_range_that_is_none_names_its_variable() {
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
