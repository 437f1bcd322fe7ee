//! The registry: what callers see.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::allocate::assignment_order::AssignmentOrder;
use crate::allocate::request::{Answer, Atomicity, Claim, Request};
use crate::allocation::{Allocation, AllocationId, Filter, PortStatus};
use crate::builder::Builder;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::lease::Lease;
use crate::port::Port;
use crate::range::PortRange;
use crate::store::{Fault, Outcome, Store};
use crate::system::listener::Listener;
use crate::system::probe::{Probe, Verdict};

/// The registry of one store file.
///
/// Any number of them, in any number of threads and processes, may use one file at once. Each
/// method is one transaction: it takes effect as a whole and durably before it returns, or not at
/// all. Reads wait for no writer, and writes wait for their turn, up to the
/// [wait deadline](Builder::wait). A clone is the same registry, and cheap.
///
/// ```
/// use port_registry::{Claim, Error, Registry, ServiceKey};
///
/// # let folder = tempfile::tempdir()?;
/// let registry = Registry::builder().path(folder.path().join("ports.redb")).open()?;
/// let web = registry.allocate(Claim::new(ServiceKey::new("shop", "main", "web")?))?;
///
/// // Whoever asks for the same port is told who holds it.
/// let rival = Claim::new(ServiceKey::new("blog", "main", "web")?).port(web.port);
/// match registry.allocate(rival) {
///     Err(Error::PortTaken { holder, .. }) => assert_eq!(*holder, web),
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Registry {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    order: AssignmentOrder,
    probe: Box<dyn Probe>,
}

impl Registry {
    /// Opens the registry that everything on this machine shares: `~/.port-registry/ports.redb`,
    /// or what the environment names instead, as [`Builder::from_env`] tells.
    ///
    /// # Errors
    ///
    /// Those of [`Builder::open`], and [`Setting`](Error::Setting) where a variable cannot be used.
    pub fn open() -> Result<Registry, Error> {
        Builder::from_env()?.open()
    }

    /// Settings to open a registry with.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(store: Store, order: AssignmentOrder, probe: Box<dyn Probe>) -> Registry {
        Registry {
            inner: Arc::new(Inner {
                store,
                order,
                probe,
            }),
        }
    }

    /// The store's file. A symbolic link is followed.
    pub fn path(&self) -> &Path {
        self.store().path()
    }

    /// The ports that are chosen from for a claim that names none, as [`Builder::range`] set it.
    pub fn range(&self) -> PortRange {
        self.order().range()
    }

    /// The time that a call waits for other processes, as [`Builder::wait`] set it.
    pub fn wait(&self) -> Duration {
        self.store().wait()
    }

    /// Gives a port to a service that has none.
    ///
    /// Without a port in the claim it is the lowest of the best ones that are neither allocated nor
    /// in use on this system: from 3000 up to the kernel's ephemeral range, then 1024-2999, then
    /// the ephemeral range and what was left out before: ports that browsers refuse to open
    /// ([port blocking](https://fetch.spec.whatwg.org/#port-blocking) of the Fetch standard),
    /// [`DAEMON_PORT`](crate::DAEMON_PORT), and 5000 and 7000 on macOS; then 1-1023, where this user may
    /// bind them.
    ///
    /// # Errors
    ///
    /// [`ServiceTaken`](Error::ServiceTaken) when the service has a port,
    /// [`OtherCheckout`](Error::OtherCheckout) when it belongs to another checkout that still exists than
    /// the one that the claim [names](Claim::dir), [`PortTaken`](Error::PortTaken),
    /// [`PortInUse`](Error::PortInUse) or [`NoFreePort`](Error::NoFreePort) when the claim cannot
    /// be met, [`Probe`](Error::Probe) when the system does not say whether a port is in use, and
    /// [what a store can meet](Error#what-a-store-can-meet).
    pub fn allocate(&self, claim: Claim) -> Result<Allocation, Error> {
        self.claim(Request::Allocate(claim))
    }

    /// Gives a service the port that it has, or else a new one as [`allocate`](Self::allocate)
    /// does.
    ///
    /// A claim that [names a checkout](Claim::dir) records it, where none was recorded or the one that
    /// was exists no longer. If the port belongs to another checkout, that is an error; a claim that names
    /// none is of whichever there is.
    ///
    /// ```
    /// use port_registry::{Claim, Registry, ServiceKey};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().path(folder.path().join("ports.redb")).open()?;
    /// let claim = Claim::new(ServiceKey::new("shop", "main", "web")?);
    /// let first = registry.get_or_allocate(claim.clone())?;
    /// assert_eq!(registry.get_or_allocate(claim)?, first);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`allocate`](Self::allocate), but [`ServiceTaken`](Error::ServiceTaken) only when the claim
    /// names another port than the service has.
    pub fn get_or_allocate(&self, claim: Claim) -> Result<Allocation, Error> {
        self.claim(Request::GetOrAllocate(claim))
    }

    /// [Allocates](Self::allocate) a port for as long as the [lease](Lease) lives.
    ///
    /// # Errors
    ///
    /// Those of [`allocate`](Self::allocate).
    pub fn lease(&self, claim: Claim) -> Result<Lease, Error> {
        Ok(Lease::new(self.clone(), self.allocate(claim)?))
    }

    /// Frees the port of the allocation with this id, and returns what it was.
    ///
    /// ```
    /// # use port_registry::{Claim, Registry, ServiceKey};
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().path(folder.path().join("ports.redb")).open()?;
    /// # let claim = Claim::new(ServiceKey::new("shop", "main", "web")?);
    /// let web = registry.allocate(claim)?;
    /// assert_eq!(registry.release(web.id)?, web);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotFound`](Error::NotFound), and
    /// [what a store can meet](Error#what-a-store-can-meet).
    pub fn release(&self, id: AllocationId) -> Result<Allocation, Error> {
        let released = self.release_by(Request::Release(id))?;
        released.into_iter().next().ok_or(Error::NotFound { id })
    }

    /// Frees the ports of all allocations that match, and returns what they were, by id.
    ///
    /// ```
    /// use port_registry::Filter;
    ///
    /// # use port_registry::Registry;
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().path(folder.path().join("ports.redb")).open()?;
    /// let gone = registry.release_matching(Filter::default().app("shop").instance("feature"))?;
    /// println!("{} ports are free again", gone.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`EmptyFilter`](Error::EmptyFilter) when no part of the filter is set, and
    /// [what a store can meet](Error#what-a-store-can-meet).
    pub fn release_matching(&self, filter: Filter) -> Result<Vec<Allocation>, Error> {
        self.release_by(Request::ReleaseMatching(filter))
    }

    /// The allocation with this id.
    ///
    /// # Errors
    ///
    /// [What a store can meet](Error#what-a-store-can-meet).
    pub fn get(&self, id: AllocationId) -> Result<Option<Allocation>, Error> {
        self.with_deadline(|deadline| self.store().read(deadline, |rows| rows.by_id(id)))
    }

    /// The allocations that match, by id.
    ///
    /// ```
    /// use port_registry::Filter;
    ///
    /// # use port_registry::Registry;
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().path(folder.path().join("ports.redb")).open()?;
    /// for allocation in registry.list(&Filter::default().app("shop"))? {
    ///     println!("{} {}", allocation.port, allocation.key);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [What a store can meet](Error#what-a-store-can-meet).
    pub fn list(&self, filter: &Filter) -> Result<Vec<Allocation>, Error> {
        self.with_deadline(|deadline| self.store().read(deadline, |rows| rows.matching(filter)))
    }

    /// Tells if a port is available, and who has it if not: the allocation that holds it, and, with
    /// the feature `listeners`, the process that listens on it.
    ///
    /// ```
    /// # use port_registry::{Claim, Registry, ServiceKey};
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().path(folder.path().join("ports.redb")).open()?;
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
    /// [`Probe`](Error::Probe) when the system does not say whether the port is in use, and
    /// [what a store can meet](Error#what-a-store-can-meet).
    pub fn check(&self, port: Port) -> Result<PortStatus, Error> {
        let holder =
            self.with_deadline(|deadline| self.store().read(deadline, |rows| rows.by_port(port)))?;
        let listener = match self.probe(port)? {
            Verdict::Busy => Some(Listener::find(port)),
            Verdict::Free | Verdict::Denied => None,
        };
        Ok(PortStatus::new(port, holder, listener))
    }

    /// Asks the system about a port, whoever holds it in the registry.
    ///
    /// # Errors
    ///
    /// [`Probe`](Error::Probe) when it does not say anything.
    pub fn probe(&self, port: Port) -> Result<Verdict, Error> {
        let verdict = self.inner.probe.probe(port);
        verdict.map_err(|cause| Error::Probe { port, cause })
    }

    /// Writes to the store as much as an allocation does, without changing what it holds. It tells
    /// whether one could be stored, and creates a store that is not there yet.
    ///
    /// # Errors
    ///
    /// [What a store can meet](Error#what-a-store-can-meet).
    pub fn try_write(&self) -> Result<(), Error> {
        self.with_deadline(|deadline| {
            self.store().write(deadline, |ledger| {
                ledger.touch();
                Ok(Outcome::Commit(()))
            })
        })
    }

    /// Checks that what is stored agrees with itself: the allocations, both indexes, the free ports
    /// and the next id. Reads all of it.
    ///
    /// # Errors
    ///
    /// [`Damaged`](Error::Damaged) says where it does not, and
    /// [what a store can meet](Error#what-a-store-can-meet).
    pub fn verify(&self) -> Result<(), Error> {
        self.with_deadline(|deadline| self.store().check_consistency(deadline))
    }

    /// Meets what is wrong with the file now, rather than at the first use.
    pub(crate) fn try_open(&self) -> Result<(), Error> {
        self.with_deadline(|deadline| self.store().read(deadline, |_| Ok(())))
    }

    pub(crate) fn with_deadline<T>(
        &self,
        f: impl FnOnce(Deadline) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        self.within(Deadline::after(self.wait()), f)
    }

    pub(crate) fn within<T>(
        &self,
        deadline: Deadline,
        f: impl FnOnce(Deadline) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        f(deadline).map_err(|fault| fault.at(self.path(), deadline))
    }

    /// Closes the file, which is opened again when it is next needed.
    #[cfg(test)]
    pub(crate) fn close(&self) {
        self.store().close();
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn order(&self) -> &AssignmentOrder {
        &self.inner.order
    }

    pub(crate) fn prober(&self) -> &dyn Probe {
        &*self.inner.probe
    }

    /// One request, in a transaction of its own.
    fn ask(&self, request: Request) -> Result<Answer, Error> {
        let answers = self.apply(&[request], Atomicity::Each)?;
        answers.into_iter().next().unwrap_or(Err(Error::NotApplied))
    }

    fn claim(&self, request: Request) -> Result<Allocation, Error> {
        let allocation = self.ask(request)?.into_allocation();
        allocation.ok_or(Error::NotApplied)
    }

    fn release_by(&self, request: Request) -> Result<Vec<Allocation>, Error> {
        match self.ask(request)? {
            Answer::Released(released) => Ok(released),
            Answer::Allocated(_) | Answer::Existing(_) => Err(Error::NotApplied),
        }
    }
}
