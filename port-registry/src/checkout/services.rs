//! The services of a checkout in the registry.

use super::detect::Checkout;
use super::mark::{MARK_LENGTHS, marked};
use super::{compare, holding};
use crate::error::Error;
use crate::registry::Registry;
use crate::types::allocation::Allocation;
use crate::types::checkout_name::CheckoutName;
use crate::types::checkout_path::CheckoutPath;
use crate::types::claim::Claim;
use crate::types::filter::Filter;
use crate::types::service_key::ServiceKey;

impl Checkout {
    /// The lengths of the marks that tell checkouts with the same labels apart, in the order in which to try them.
    #[doc(hidden)]
    pub const MARK_LENGTHS: [usize; 3] = MARK_LENGTHS;

    /// Returns the port that a service of this checkout holds, or allocates one, like `portctl get`.
    ///
    /// A service of the checkout is found whatever its labels are, so it keeps its port when the branch or a remote
    /// changes. Git runs only if the checkout does not hold the service, or holds it on several branches. A new service
    /// is allocated under the name of the checkout, which its first service decides. If another checkout has that name,
    /// the instance gets a mark, such as `main-5dca`.
    ///
    /// ```
    /// use port_registry::{Checkout, Registry};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
    /// # let root = folder.path();
    /// # if false {
    /// let registry = Registry::open()?;
    /// let root = ".";
    /// # }
    /// let here = Checkout::open(root)?;
    /// let web = here.get_or_allocate(&registry, "web")?;
    /// assert_eq!(here.allocations(&registry)?, [web]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Checkout`](Error::Checkout), [`NoLabel`](Error::NoLabel) or [`Unrecordable`](Error::Unrecordable) if the
    ///   checkout gives no labels or has no path to record
    /// - [`NoFreePort`](Error::NoFreePort) or [`Probe`](Error::Probe) like
    ///   [`Registry::allocate`]
    /// - [store errors](Error#store-errors)
    pub fn get_or_allocate(&self, registry: &Registry, service: &str) -> Result<Allocation, Error> {
        let (here, own) = self.recorded(registry)?;
        if let Some(held) = here.held(&own, service)? {
            return Ok(held.clone());
        }
        let name = own.iter().find_map(Allocation::checkout_name);
        let mut lengths = MARK_LENGTHS.into_iter().peekable();
        loop {
            let length = lengths.next().unwrap_or_default();
            match registry.get_or_allocate(here.claim(service, name.as_ref(), length)?) {
                Err(Error::OtherCheckout { .. }) if lengths.peek().is_some() => {}
                answer => return answer,
            }
        }
    }

    /// Returns the allocations of this checkout, ordered by id.
    ///
    /// # Errors
    ///
    /// - [`Unrecordable`](Error::Unrecordable) if the checkout has no path to record
    /// - [store errors](Error#store-errors)
    pub fn allocations(&self, registry: &Registry) -> Result<Vec<Allocation>, Error> {
        self.recorded(registry).map(|(_, own)| own)
    }

    /// Returns this checkout under the path by which the registry knows it, and its allocations.
    fn recorded(&self, registry: &Registry) -> Result<(Checkout, Vec<Allocation>), Error> {
        let own = registry.list(&self.filter()?)?;
        if own.is_empty()
            && let Some(recorded) = self.recorded_among(&registry.list(&Filter::new())?)
        {
            let own = registry.list(&recorded.filter()?)?;
            return Ok((recorded, own));
        }
        Ok((self.clone(), own))
    }

    /// Makes a filter for the allocations of this checkout.
    ///
    /// # Errors
    ///
    /// Returns [`Unrecordable`](Error::Unrecordable) if the checkout has no path to record.
    pub fn filter(&self) -> Result<Filter, Error> {
        Ok(Filter::new().with_dir(self.recorded_path()?))
    }

    /// Finds a service among the allocations of this checkout: the one with the current labels, or else with the name of
    /// the checkout, or else with the lowest id. Those that users or programs named do not count.
    ///
    /// Git runs only if the service is there more than once.
    ///
    /// # Errors
    ///
    /// Returns [`Checkout`](Error::Checkout) if git fails.
    pub fn held<'a>(
        &self,
        own: &'a [Allocation],
        service: &str,
    ) -> Result<Option<&'a Allocation>, Error> {
        let service = service.trim();
        let mut candidates = holding::candidates(own, service);
        let first = candidates.next();
        if candidates.next().is_none() {
            return Ok(first);
        }
        match self.claim(service, None, MARK_LENGTHS[0]) {
            Ok(claim) => Ok(holding::held(own, &claim)),
            // A branch whose name is no label, for example because it is too long, has no allocations.
            Err(Error::NoLabel { .. }) => Ok(holding::usual(own, service)),
            Err(error) => Err(error),
        }
    }

    /// Makes a claim for a service of this checkout, with the detected labels, or with its name if they are no valid names.
    /// `mark_length` is one of [`MARK_LENGTHS`](Self::MARK_LENGTHS).
    ///
    /// # Errors
    ///
    /// - [`Checkout`](Error::Checkout) if git fails
    /// - [`NoLabel`](Error::NoLabel) if the checkout gives no valid app or instance, or if the service is no valid name
    /// - [`Unrecordable`](Error::Unrecordable) if the checkout has no path to record
    #[doc(hidden)]
    pub fn claim(
        &self,
        service: &str,
        name: Option<&CheckoutName>,
        mark_length: usize,
    ) -> Result<Claim, Error> {
        let labels = self.labels()?;
        let dir = self.recorded_path()?;
        let no_label = |field| Error::NoLabel {
            root: self.root().to_owned(),
            field,
        };
        let detected = || {
            let app = labels.app.as_deref().ok_or_else(|| no_label("app"))?;
            let instance = labels.instance.as_deref();
            let instance = instance.ok_or_else(|| no_label("instance"))?;
            ServiceKey::new(app, instance, service).map_err(|error| no_label(error.field()))
        };
        let key = match (detected(), name) {
            // The branch has no allocations of its own.
            (Err(_), Some(name)) => name.key(service).map_err(|error| no_label(error.field()))?,
            (key, _) => key?,
        };
        let mark = marked(key.instance(), dir.as_str(), mark_length);
        let claim = Claim::new(key)
            .with_label_origin(labels.origin)
            .with_marked_instance(mark)
            .map_err(|error| no_label(error.field()))?;
        let recorded = claim.with_dir(&dir);
        recorded.map_err(|source| Error::Unrecordable {
            root: self.root().to_owned(),
            source,
        })
    }

    /// Returns this checkout under the path by which one of the allocations records it, for example if it is reached
    /// through a bind mount. Returns `None` if none records it under another path.
    #[doc(hidden)]
    #[must_use]
    pub fn recorded_among(&self, allocations: &[Allocation]) -> Option<Checkout> {
        let dirs = allocations.iter().filter_map(|it| it.dir.as_ref());
        let recorded = compare::same_folder_among(self.root(), dirs)?;
        Some(self.at(&recorded))
    }

    /// Returns the path that the registry records.
    fn recorded_path(&self) -> Result<CheckoutPath, Error> {
        CheckoutPath::of(self.root()).map_err(|source| Error::Unrecordable {
            root: self.root().to_owned(),
            source,
        })
    }
}
