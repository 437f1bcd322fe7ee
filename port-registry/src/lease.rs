//! Leases: allocations that end with a scope.

use crate::error::Error;
use crate::registry::Registry;
use crate::types::allocation::Allocation;
use crate::types::claim::Claim;
use crate::types::port::Port;

/// An allocation that is released when it is dropped, for example at the end of a test.
///
/// Dropping a lease ignores errors; [`Lease::release`] returns them. A killed process releases nothing.
///
/// ```
/// use port_registry::{Claim, Registry, ServiceKey};
///
/// # let folder = tempfile::tempdir()?;
/// # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
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
    is_released: bool,
}

impl Registry {
    /// [Allocates](Self::allocate) a port that is released when the [lease](Lease) is dropped.
    ///
    /// # Errors
    ///
    /// Those of [`allocate`](Self::allocate).
    pub fn lease(&self, claim: Claim) -> Result<Lease, Error> {
        Ok(Lease {
            registry: self.clone(),
            allocation: self.allocate(claim)?,
            is_released: false,
        })
    }
}

impl Lease {
    /// Returns the port.
    pub fn port(&self) -> Port {
        self.allocation.port
    }

    /// Returns the allocation.
    pub fn allocation(&self) -> &Allocation {
        &self.allocation
    }

    /// Releases the port. It may be called again after an error.
    ///
    /// It has no effect if the lease was released before, here or by another program, or if another program has
    /// [moved](Registry::move_service) the service, which has another allocation then.
    ///
    /// ```
    /// # use port_registry::{Claim, Registry, ServiceKey};
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
    /// # let claim = Claim::new(ServiceKey::new("shop", "test-1", "db")?);
    /// let mut lease = registry.lease(claim)?;
    /// // ...
    /// lease.release()?; // Returns errors, which dropping the lease would ignore.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [Store errors](Error#store-errors).
    pub fn release(&mut self) -> Result<(), Error> {
        if !self.is_released {
            match self.registry.release(self.allocation.id) {
                Ok(_) | Err(Error::NotFound { .. }) => self.is_released = true,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // A drop cannot return an error.
        let _ = self.release();
    }
}
