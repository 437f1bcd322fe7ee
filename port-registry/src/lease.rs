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
pub struct Lease {
    registry: Registry,
    allocation: Allocation,
    is_over: bool,
}

impl Lease {
    pub(crate) fn new(registry: Registry, allocation: Allocation) -> Lease {
        Lease {
            registry,
            allocation,
            is_over: false,
        }
    }

    /// The port that is held.
    pub fn port(&self) -> Port {
        self.allocation.port
    }

    /// What is held.
    pub fn allocation(&self) -> &Allocation {
        &self.allocation
    }

    /// Ends the lease, or tells why it cannot be ended; then it may be tried again. A lease that is
    /// over stays so, and one whose allocation somebody else has released is over.
    ///
    /// ```
    /// # use port_registry::{Claim, Registry, ServiceKey};
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().path(folder.path().join("ports.redb")).open()?;
    /// # let claim = Claim::new(ServiceKey::new("shop", "test-1", "db")?);
    /// let mut lease = registry.lease(claim)?;
    /// // ...
    /// lease.release()?; // tells of a failure, which a drop cannot
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [What a store can meet](Error#what-a-store-can-meet).
    pub fn release(&mut self) -> Result<(), Error> {
        if !self.is_over {
            match self.registry.release(self.allocation.id) {
                Ok(_) | Err(Error::NotFound { .. }) => self.is_over = true,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // There is nobody to tell of a failure.
        let _ = self.release();
    }
}
