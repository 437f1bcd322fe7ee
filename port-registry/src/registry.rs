//! The registry.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::allocate::allocator::Allocator;
use crate::allocate::request::{Answer, Atomicity, Request};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::system::probe::Verdict;
use crate::types::allocation::Allocation;
use crate::types::allocation_id::AllocationId;
use crate::types::checkout_path::CheckoutPath;
use crate::types::claim::Claim;
use crate::types::filter::Filter;
use crate::types::port::Port;
use crate::types::port_status::PortStatus;
use crate::types::range::PortRange;
use crate::types::service_key::ServiceKey;
use crate::types::service_move::Move;
use crate::usage::port_use::{PortUsage, PortUse};

/// A registry of ports, stored in a file with a journal beside it.
///
/// Each method is one transaction: when it returns, its changes are on disk, or it changed nothing. Reads wait for nobody
/// and change nothing. Writes wait for their turn, up to the [wait deadline](crate::Builder::with_wait).
///
/// Any number of registries, in any number of threads and processes, may use one file at the same time. A clone is
/// cheap and shares the open file.
///
/// ```
/// use port_registry::{Claim, Error, Registry, ServiceKey};
///
/// # let folder = tempfile::tempdir()?;
/// let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
/// let web = registry.allocate(Claim::new(ServiceKey::new("shop", "main", "web")?))?;
///
/// // A second claim on the port fails, and the error names the holder.
/// let rival = Claim::new(ServiceKey::new("blog", "main", "web")?).with_port(web.port);
/// match registry.allocate(rival) {
///     Err(Error::PortTaken { holder, .. }) => assert_eq!(*holder, web),
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Registry {
    allocator: Arc<Allocator>,
}

impl Registry {
    pub(crate) fn new(allocator: Allocator) -> Registry {
        Registry {
            allocator: Arc::new(allocator),
        }
    }

    /// Allocates a port to a service that holds none.
    ///
    /// A claim without a port gets the best one that is neither allocated nor in use. Ports are preferred in this
    /// order, and by number within each group:
    ///
    /// 1. 3000 up to the kernel's ephemeral range
    /// 2. 1024-2999
    /// 3. the ephemeral range, and the ports above it
    /// 4. 1-1023, if this user may bind them
    /// 5. the ports that all other groups leave out: those that browsers refuse to open ([port
    ///    blocking](https://fetch.spec.whatwg.org/#port-blocking) in the Fetch standard), 51234 (the daemon's), 5000 and
    ///    7000 on macOS, and on Linux those of `ip_local_reserved_ports`
    ///
    /// # Errors
    ///
    /// - [`ServiceTaken`](Error::ServiceTaken) if the service holds a port
    /// - [`OtherCheckout`](Error::OtherCheckout) if the service holds a port and belongs to another existing
    ///   checkout than the [claim's](Claim::with_dir)
    /// - [`PortTaken`](Error::PortTaken), [`PortInUse`](Error::PortInUse) or [`NoFreePort`](Error::NoFreePort) if the
    ///   port, or every port, is allocated or in use
    /// - [`MayNotBind`](Error::MayNotBind) or [`Probe`](Error::Probe) if the system does not tell if a port is in use
    /// - [store errors](Error#store-errors)
    pub fn allocate(&self, claim: Claim) -> Result<Allocation, Error> {
        self.apply_for_port(Request::Allocate(claim))
    }

    /// Returns the allocation of a service, or [allocates](Self::allocate) a port.
    ///
    /// If the claim has a [checkout](Claim::with_dir), the checkout is recorded for the service, unless one is
    /// recorded that still exists. A claim without a checkout matches a service of every checkout. If the claim's labels
    /// were [detected](Claim::with_label_origin) in its checkout, the service is found by the checkout, whatever its labels
    /// are.
    ///
    /// ```
    /// use port_registry::{Claim, Registry, ServiceKey};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
    /// let claim = Claim::new(ServiceKey::new("shop", "main", "web")?);
    /// let first = registry.get_or_allocate(claim.clone())?;
    /// assert_eq!(registry.get_or_allocate(claim)?, first);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`allocate`](Self::allocate), but [`ServiceTaken`](Error::ServiceTaken) only if the claim names
    /// another port than the service holds.
    pub fn get_or_allocate(&self, claim: Claim) -> Result<Allocation, Error> {
        self.apply_for_port(Request::GetOrAllocate(claim))
    }

    /// Returns the allocation with this id, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// [Store errors](Error#store-errors).
    pub fn get(&self, id: AllocationId) -> Result<Option<Allocation>, Error> {
        let store = self.allocator.store();
        store.read(self.deadline(), |rows| rows.by_id(id))
    }

    /// Returns the allocation of a service, or `None` if it holds no port.
    ///
    /// ```
    /// use port_registry::{Claim, Registry, ServiceKey};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
    /// let key = ServiceKey::new("shop", "main", "web")?;
    /// assert_eq!(registry.get_by_key(&key)?, None);
    /// let web = registry.allocate(Claim::new(key.clone()))?;
    /// assert_eq!(registry.get_by_key(&key)?, Some(web));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [Store errors](Error#store-errors).
    pub fn get_by_key(&self, key: &ServiceKey) -> Result<Option<Allocation>, Error> {
        let store = self.allocator.store();
        store.read(self.deadline(), |rows| rows.by_key(key))
    }

    /// Returns the allocations that match, ordered by id.
    ///
    /// ```
    /// use port_registry::Filter;
    ///
    /// # use port_registry::Registry;
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
    /// for allocation in registry.list(&Filter::new().with_app("shop"))? {
    ///     println!("{} {}", allocation.port, allocation.key);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [Store errors](Error#store-errors).
    pub fn list(&self, filter: &Filter) -> Result<Vec<Allocation>, Error> {
        let store = self.allocator.store();
        store.read(self.deadline(), |rows| rows.matching(filter))
    }

    /// Returns the holder of a port and its use on this machine.
    ///
    /// In a sandbox in which no port may be bound, an allocated port counts as not in use unless something listens on it.
    ///
    /// ```
    /// # use port_registry::{Claim, Registry, ServiceKey};
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
    /// # let claim = Claim::new(ServiceKey::new("shop", "main", "web")?);
    /// let web = registry.allocate(claim)?;
    /// let status = registry.check(web.port)?;
    /// assert_eq!(status.holder, Some(web));
    /// assert!(!status.available);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`MayNotBind`](Error::MayNotBind) or [`Probe`](Error::Probe) if the system does not tell if the port is in use, or
    ///   available
    /// - [store errors](Error#store-errors)
    pub fn check(&self, port: Port) -> Result<PortStatus, Error> {
        let store = self.allocator.store();
        let holder = store.read(self.deadline(), |rows| rows.by_port(port))?;
        let in_use = match self.use_of(port) {
            // The probe has found no listener, and an allocated port is not available in any case.
            Err(Error::MayNotBind { .. }) if holder.is_some() => None,
            in_use => in_use?,
        };
        Ok(PortStatus::new(port, holder, in_use))
    }

    /// Finds the use of a port.
    fn use_of(&self, port: Port) -> Result<Option<PortUse>, Error> {
        if self.probe(port)? != Verdict::Busy {
            return Ok(None);
        }
        let in_use = PortUse::find(port, &|folder| self.is_recorded(folder));
        // If the tables have no socket of the port, its use may have ended since the probe.
        let may_be_over = matches!(in_use.usage, PortUsage::Bound | PortUsage::Unknown);
        if may_be_over && self.probe(port)? != Verdict::Busy {
            return Ok(None);
        }
        Ok(Some(in_use))
    }

    /// Tests if a folder is the recorded checkout of an allocation. Returns `false` if the registry cannot be read.
    pub(crate) fn is_recorded(&self, folder: &Path) -> bool {
        let Ok(dir) = CheckoutPath::of(folder) else {
            return false;
        };
        let filter = Filter::new().with_dir(dir);
        self.list(&filter).is_ok_and(|it| !it.is_empty())
    }

    /// Probes a port, without reading the store.
    ///
    /// # Errors
    ///
    /// [`MayNotBind`](Error::MayNotBind) or [`Probe`](Error::Probe) if the system does not tell if the port is in use.
    pub fn probe(&self, port: Port) -> Result<Verdict, Error> {
        self.allocator.probe_named(port)
    }

    /// Gives a service another port in one step, and returns its new allocation.
    ///
    /// The service gets the named port, or the best one that is neither allocated nor in use. The old allocation is
    /// released. The new one has another id and the current time, and otherwise the same service, checkout and labels.
    /// Nothing changes if the service has the named port already. A process that listens on the old port stays there.
    ///
    /// ```
    /// use port_registry::Move;
    ///
    /// # use port_registry::{Claim, Registry, ServiceKey};
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
    /// # let claim = Claim::new(ServiceKey::new("shop", "main", "web")?);
    /// let web = registry.allocate(claim)?;
    /// let moved = registry.move_service(Move::new(web.id))?;
    /// assert_eq!(moved.key, web.key);
    /// assert_ne!(moved.port, web.port);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`NotFound`](Error::NotFound) if there is no allocation with the id
    /// - [`PortTaken`](Error::PortTaken), [`PortInUse`](Error::PortInUse) or [`NoFreePort`](Error::NoFreePort) if the
    ///   port, or every port, is allocated or in use
    /// - [`MayNotBind`](Error::MayNotBind) or [`Probe`](Error::Probe) if the system does not tell if a port is in use
    /// - [store errors](Error#store-errors)
    pub fn move_service(&self, wanted: Move) -> Result<Allocation, Error> {
        self.apply_for_port(Request::Move(wanted))
    }

    /// Releases the allocation with this id, and returns it.
    ///
    /// ```
    /// # use port_registry::{Claim, Registry, ServiceKey};
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
    /// # let claim = Claim::new(ServiceKey::new("shop", "main", "web")?);
    /// let web = registry.allocate(claim)?;
    /// assert_eq!(registry.release(web.id)?, web);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`NotFound`](Error::NotFound) if there is no such allocation
    /// - [store errors](Error#store-errors)
    pub fn release(&self, id: AllocationId) -> Result<Allocation, Error> {
        let released = self.apply_release(Request::Release(id))?;
        released.into_iter().next().ok_or(Error::NotFound { id })
    }

    /// Releases the allocation of a service, and returns it, or `None` if the service holds no port.
    ///
    /// ```
    /// use port_registry::{Claim, Registry, ServiceKey};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
    /// let key = ServiceKey::new("shop", "main", "web")?;
    /// let web = registry.allocate(Claim::new(key.clone()))?;
    /// assert_eq!(registry.release_by_key(&key)?, Some(web));
    /// assert_eq!(registry.release_by_key(&key)?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [Store errors](Error#store-errors).
    pub fn release_by_key(&self, key: &ServiceKey) -> Result<Option<Allocation>, Error> {
        let released = self.apply_release(Request::ReleaseByKey(key.clone()))?;
        Ok(released.into_iter().next())
    }

    /// Releases all allocations that match, and returns them, ordered by id.
    ///
    /// ```
    /// use port_registry::Filter;
    ///
    /// # use port_registry::Registry;
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
    /// let feature = Filter::new().with_app("shop").with_instance("feature");
    /// let released = registry.release_matching(&feature)?;
    /// println!("released {} ports", released.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`EmptyFilter`](Error::EmptyFilter) if the filter has no conditions
    /// - [store errors](Error#store-errors)
    pub fn release_matching(&self, filter: &Filter) -> Result<Vec<Allocation>, Error> {
        self.apply_release(Request::ReleaseMatching(filter.clone()))
    }

    /// Carries out several requests in one commit. Returns one answer for each, in their order.
    ///
    /// The requests are carried out in their order, so that later ones see the changes of earlier ones. With
    /// [`Atomicity::AllOrNothing`], a failed request undoes the others, whose answers become
    /// [`NotApplied`](Error::NotApplied).
    ///
    /// ```
    /// use port_registry::{Atomicity, Claim, Registry, Request, ServiceKey};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
    /// let mut requests = Vec::new();
    /// for service in ["web", "db"] {
    ///     let key = ServiceKey::new("shop", "main", service)?;
    ///     requests.push(Request::GetOrAllocate(Claim::new(key)));
    /// }
    /// for answer in registry.apply(&requests, Atomicity::AllOrNothing)? {
    ///     if let Some(allocation) = answer?.into_allocation() {
    ///         println!("{} {}", allocation.port, allocation.key);
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [Store errors](Error#store-errors). None of the requests took effect then. After
    /// [`OutcomeUnknown`](Error::OutcomeUnknown), either none of them did or all that could.
    pub fn apply(
        &self,
        requests: &[Request],
        atomicity: Atomicity,
    ) -> Result<Vec<Result<Answer, Error>>, Error> {
        self.allocator.apply(requests, atomicity, self.deadline())
    }

    /// Reads the whole store and checks its invariants: the allocations, both indexes, the free ports and the next id
    /// agree.
    ///
    /// # Errors
    ///
    /// - [`Damaged`](Error::Damaged) if an invariant is violated
    /// - other [store errors](Error#store-errors)
    pub fn verify(&self) -> Result<(), Error> {
        let store = self.allocator.store();
        store.read(self.deadline(), |rows| rows.check())
    }

    /// Tests if the journal beside the store's file is missing, for example because only the file was copied. Then the latest
    /// changes are missing, and nothing can be written.
    ///
    /// # Errors
    ///
    /// [Store errors](Error#store-errors).
    pub fn lacks_journal(&self) -> Result<bool, Error> {
        let store = self.allocator.store();
        store.read(self.deadline(), |rows| Ok(rows.lacks_journal()))
    }

    /// Returns the path of the store's file, with a symbolic link resolved.
    pub fn path(&self) -> &Path {
        self.allocator.path()
    }

    /// Returns the range for claims without a port, as set by [`Builder::with_range`](crate::Builder::with_range).
    pub fn range(&self) -> PortRange {
        self.allocator.range()
    }

    /// Returns the time that a call may wait for other processes, as set by
    /// [`Builder::with_wait`](crate::Builder::with_wait).
    pub fn wait(&self) -> Duration {
        self.allocator.wait()
    }

    #[cfg(any(feature = "daemon", feature = "listeners"))]
    pub(crate) fn allocator(&self) -> &Allocator {
        &self.allocator
    }

    /// Returns the deadline of a call that begins now.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.wait())
    }

    /// Opens the file, so that its problems are reported now rather than by the first operation.
    pub(crate) fn open_store(&self) -> Result<(), Error> {
        let store = self.allocator.store();
        store.read(self.deadline(), |_| Ok(()))
    }

    /// Applies one request in a transaction of its own.
    fn apply_one(&self, request: Request) -> Result<Answer, Error> {
        let answers = self.apply(&[request], Atomicity::Each)?;
        answers.into_iter().next().unwrap_or(Err(Error::NotApplied))
    }

    fn apply_for_port(&self, request: Request) -> Result<Allocation, Error> {
        let allocation = self.apply_one(request)?.into_allocation();
        allocation.ok_or(Error::NotApplied)
    }

    fn apply_release(&self, request: Request) -> Result<Vec<Allocation>, Error> {
        match self.apply_one(request)? {
            Answer::Released(released) => Ok(released),
            Answer::Allocated(_) | Answer::Existing(_) | Answer::Moved(_) => Err(Error::NotApplied),
        }
    }
}

/// For the daemon's health check and for tests.
#[doc(hidden)]
#[cfg(any(test, feature = "daemon"))]
impl Registry {
    /// Writes to the store as much as an allocation does, without a change to its contents. Creates the store if
    /// it does not exist.
    ///
    /// # Errors
    ///
    /// [Store errors](Error#store-errors).
    pub fn try_write(&self) -> Result<(), Error> {
        use crate::store::transaction::Outcome;

        let store = self.allocator.store();
        store.write(self.deadline(), |txn| {
            txn.touch();
            Ok(Outcome::Commit(()))
        })
    }

    /// Closes the file. The next operation opens it again.
    #[cfg(test)]
    pub(crate) fn close(&self) {
        self.allocator.store().close();
    }
}

#[cfg(test)]
mod tests {
    use super::Registry;
    use crate::system::probe::Verdict;
    use crate::types::claim::Claim;
    use crate::types::service_key::ServiceKey;

    #[test]
    fn a_service_is_found_and_released_by_its_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let builder = Registry::builder().with_path(folder.path().join("ports.redb"));
        let registry = builder.with_probe(|_| Ok(Verdict::Free)).open().unwrap();
        let key = |service| ServiceKey::new("shop", "main", service).unwrap();
        assert_eq!(registry.get_by_key(&key("web")).unwrap(), None);
        assert_eq!(registry.release_by_key(&key("web")).unwrap(), None);
        assert!(!registry.path().exists(), "nothing was written");

        let web = registry.allocate(Claim::new(key("web"))).unwrap();
        let db = registry.allocate(Claim::new(key("db"))).unwrap();
        assert_eq!(registry.get_by_key(&web.key).unwrap(), Some(web.clone()));
        assert_eq!(registry.release_by_key(&web.key).unwrap(), Some(web));
        assert_eq!(registry.get_by_key(&key("web")).unwrap(), None);
        assert_eq!(registry.get_by_key(&db.key).unwrap(), Some(db));
        registry.verify().unwrap();
    }

    #[test]
    fn a_path_with_a_slash_at_its_end_is_recorded_as_another_checkout() {
        let folder = tempfile::tempdir().unwrap();
        let builder = Registry::builder().with_path(folder.path().join("ports.redb"));
        let registry = builder.with_probe(|_| Ok(Verdict::Free)).open().unwrap();
        let gone = folder.path().join("gone");
        let claim = |dir| {
            let claim = Claim::new(ServiceKey::new("shop", "main", "web").unwrap());
            claim.with_dir(dir).unwrap()
        };
        let first = registry.get_or_allocate(claim(gone.clone())).unwrap();
        let second = registry.get_or_allocate(claim(gone.join(""))).unwrap();
        assert_eq!(first.id, second.id);
        assert_ne!(first, second);
        assert_ne!(first.dir, second.dir);
        registry.close();
        assert_eq!(registry.get(first.id).unwrap(), Some(second));
    }
}
