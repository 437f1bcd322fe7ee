//! Allocations that end with the scope that made them.

use crate::allocation::Allocation;
use crate::error::Error;
use crate::port::Port;
use crate::registry::Registry;

/// An allocation that is released when dropped, as a test harness wants it.
///
/// A drop cannot tell of failure; [`Lease::release`] can. A process that is killed releases
/// nothing.
///
/// ```
/// use port_registry::{Claim, Registry, ServiceKey};
///
/// # let folder = tempfile::tempdir()?;
/// # let registry = Registry::builder().path(folder.path().join("ports.redb")).open()?;
/// let lease = registry.lease(Claim::new(ServiceKey::new("shop", "test-1", "db")?))?;
/// let port = lease.port();
/// drop(lease);
/// assert!(registry.check(port)?.holder.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a lease is released when dropped"]
pub struct Lease<'a> {
    registry: &'a Registry,
    /// `None` once released.
    allocation: Option<Allocation>,
    port: Port,
}

impl<'a> Lease<'a> {
    pub(crate) fn new(registry: &'a Registry, allocation: Allocation) -> Lease<'a> {
        Lease {
            registry,
            port: allocation.port,
            allocation: Some(allocation),
        }
    }

    /// The port that is held.
    pub fn port(&self) -> Port {
        self.port
    }

    /// Ends the lease.
    ///
    /// # Errors
    ///
    /// Those of [`Registry::release`].
    pub fn release(mut self) -> Result<(), Error> {
        match self.allocation.take() {
            Some(allocation) => self.registry.release(allocation.id).map(drop),
            None => Ok(()),
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(allocation) = self.allocation.take() {
            // There is nobody to tell.
            let _ = self.registry.release(allocation.id);
        }
    }
}
