//! The checkout that a command is about, and its services.

use std::cell::OnceCell;
use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

use port_registry::{
    Allocation, Checkout, CheckoutName, Claim, Error, Filter, LabelOrigin, ServiceKey,
};

use super::typed_labels::TypedLabels;
use crate::backend::{Backend, BackendError};
use crate::command_error::CommandError;
use crate::output::wording;
use crate::report::Report;

/// Lists the allocations that match, ordered by id.
type ListFn<'a> = dyn Fn(&Filter) -> Result<Vec<Allocation>, BackendError> + 'a;

/// The checkout that a command is run in, or the labels that its user typed instead.
///
/// A service belongs to its checkout, whatever git says its branch is. Typed labels mean the service key alone.
pub(crate) struct Here<'a> {
    list: Box<ListFn<'a>>,
    typed: TypedLabels,
    /// The folder whose checkout it is, unless it is the current one.
    folder: Option<PathBuf>,
    opened: OnceCell<Checkout>,
    found: OnceCell<FoundCheckout>,
}

/// A checkout, and all of its allocations, ordered by id.
#[derive(Debug)]
struct FoundCheckout {
    checkout: Checkout,
    own: Vec<Allocation>,
}

impl<'a> Here<'a> {
    pub(crate) fn new(backend: &'a dyn Backend, typed: TypedLabels) -> Here<'a> {
        Here::reading(|filter| backend.list(filter), typed)
    }

    /// Reads allocations by a function instead of a backend.
    pub(crate) fn reading(
        list: impl Fn(&Filter) -> Result<Vec<Allocation>, BackendError> + 'a,
        typed: TypedLabels,
    ) -> Here<'a> {
        Here {
            list: Box::new(list),
            typed,
            folder: None,
            opened: OnceCell::new(),
            found: OnceCell::new(),
        }
    }

    /// Takes the checkout of this folder, instead of the current one.
    pub(crate) fn in_folder(self, folder: &Path) -> Here<'a> {
        Here {
            folder: Some(folder.to_owned()),
            ..self
        }
    }

    pub(crate) fn typed(&self) -> &TypedLabels {
        &self.typed
    }

    /// Returns the checkout, under the path by which the registry knows it.
    pub(crate) fn checkout(&self) -> Result<&Checkout, CommandError> {
        Ok(&self.found()?.checkout)
    }

    /// Returns the service that `get` finds in this checkout without asking git for labels, or the one with the typed
    /// labels.
    pub(crate) fn held(&self, service: &str) -> Result<Option<Allocation>, CommandError> {
        if self.typed.are_given() {
            return self.of_key(&self.key(service)?);
        }
        let FoundCheckout { checkout, own } = self.found()?;
        Ok(checkout.held(own, service)?.cloned())
    }

    /// Returns the service that `get` finds, if it has a port.
    pub(crate) fn find(&self, service: &str) -> Result<Option<Allocation>, CommandError> {
        match self.held(service)? {
            Some(held) => Ok(Some(held)),
            None if self.typed.are_given() => Ok(None),
            None => {
                let of_branch = self.unowned_of_branch()?.into_iter();
                let mut of_service = of_branch.filter(|it| it.key.service() == service.trim());
                if let Some(unowned) = of_service.next() {
                    return Ok(Some(unowned));
                }
                let labelled = self.of_key(&self.key(service)?)?;
                Ok(labelled.filter(|it| self.is_within_reach(it)))
            }
        }
    }

    /// Returns the services that `get` finds, each once: those of this checkout, or those with the typed labels.
    pub(crate) fn current(&self) -> Result<Vec<Allocation>, CommandError> {
        if self.typed.are_given() {
            let (app, instance) = self.labels()?;
            return Ok((self.list)(&filter_of(&app, &instance))?);
        }
        let mut current: Vec<Allocation> = Vec::new();
        for candidate in self.all()? {
            let service = candidate.key.service();
            if current.iter().all(|it| it.key.service() != service) {
                current.extend(self.find(service)?);
            }
        }
        current.sort_by_key(|it| it.id);
        Ok(current)
    }

    /// Reads anew which services this checkout holds, or the typed labels have.
    pub(crate) fn read_again(&self) -> Result<Vec<Allocation>, CommandError> {
        if self.typed.are_given() {
            let (app, instance) = self.labels()?;
            return Ok((self.list)(&filter_of(&app, &instance))?);
        }
        let mut own = (self.list)(&self.checkout()?.filter()?)?;
        own.retain(|it| it.label_origin.is_detected());
        Ok(own)
    }

    /// Returns all allocations of this checkout, also those whose labels were typed. Those with its labels that belong to
    /// no checkout, or to one that is gone, are its own too.
    pub(crate) fn all(&self) -> Result<Vec<Allocation>, CommandError> {
        let mut all = self.found()?.own.clone();
        all.extend(self.unowned_of_branch()?);
        let (app, instance) = self.labels()?;
        let labelled = (self.list)(&filter_of(&app, &instance))?;
        let is_known = |it: &Allocation| all.iter().any(|own| own.id == it.id);
        let unowned: Vec<Allocation> = labelled
            .into_iter()
            .filter(|it| !is_known(it) && self.is_within_reach(it))
            .collect();
        all.extend(unowned);
        all.sort_by_key(|it| it.id);
        Ok(all)
    }

    /// Returns the allocations without a checkout whose labels are what git gives now, if this checkout has another name.
    ///
    /// Git runs only if allocations of the app belong to no checkout.
    fn unowned_of_branch(&self) -> Result<Vec<Allocation>, CommandError> {
        let Some(name) = self.name() else {
            return Ok(Vec::new());
        };
        let mut unowned = (self.list)(&Filter::new().with_app(name.app()))?;
        unowned.retain(|it| it.dir.is_none() && it.key.instance() != name.instance());
        if !unowned.is_empty() {
            let labels = self.checkout()?.labels()?;
            let (app, instance) = (labels.app.as_deref(), labels.instance.as_deref());
            unowned.retain(|it| Some(it.key.app()) == app && Some(it.key.instance()) == instance);
        }
        Ok(unowned)
    }

    /// Returns true if an allocation belongs to this checkout, or has the typed labels.
    pub(crate) fn owns(&self, allocation: &Allocation) -> bool {
        let has_labels = || {
            self.labels().is_ok_and(|(app, instance)| {
                allocation.key.app() == app && allocation.key.instance() == instance
            })
        };
        if self.typed.are_given() {
            return has_labels();
        }
        match (&allocation.dir, self.checkout()) {
            (Some(dir), Ok(checkout)) if **dir == *checkout.root() => true,
            _ => self.is_within_reach(allocation) && has_labels(),
        }
    }

    /// Returns true unless an allocation belongs to another existing checkout.
    pub(crate) fn is_within_reach(&self, allocation: &Allocation) -> bool {
        match self.opened() {
            Ok(opened) => !allocation.belongs_to_other_checkout(opened.root()),
            Err(_) => allocation.dir.is_none(),
        }
    }

    /// Returns true if an allocation with typed labels passes on to this checkout, because its own one is gone.
    pub(crate) fn takes_over(&self, allocation: &Allocation) -> bool {
        self.typed.are_given()
            && allocation.checkout_is_gone()
            && self.own_app().is_ok_and(|app| app == allocation.key.app())
    }

    /// Returns the name of this checkout. Returns `None` if it has none yet.
    pub(crate) fn name(&self) -> Option<CheckoutName> {
        let own = &self.found().ok()?.own;
        own.iter().find_map(Allocation::checkout_name)
    }

    /// Returns the app and the instance: as typed, or else the name of this checkout, or else as detected.
    pub(crate) fn labels(&self) -> Result<(String, String), CommandError> {
        Ok((self.app()?, self.instance()?))
    }

    /// Returns the app, like [`labels`](Self::labels).
    pub(crate) fn app(&self) -> Result<String, CommandError> {
        if let Some(app) = self.typed.app() {
            return Ok(app.to_owned());
        }
        self.own_app()
    }

    /// Returns the app of this checkout, whatever was typed.
    fn own_app(&self) -> Result<String, CommandError> {
        if let Some(name) = self.name() {
            return Ok(name.app().to_owned());
        }
        let detected = self.checkout()?.labels()?.app.as_deref();
        checked_label("app", detected)
    }

    fn instance(&self) -> Result<String, CommandError> {
        if let Some(instance) = self.typed.instance() {
            return Ok(instance.to_owned());
        }
        if let Some(name) = self.name() {
            return Ok(name.instance().to_owned());
        }
        let detected = self.checkout()?.labels()?.instance.as_deref();
        checked_label("instance", detected)
    }

    /// Names the owner of the services that a command is about: the typed labels, or this checkout.
    pub(crate) fn owner(&self) -> Result<String, CommandError> {
        Ok(match (self.typed.app(), self.typed.instance()) {
            (None, None) => "this checkout".to_owned(),
            (Some(app), None) => app.to_owned(),
            (_, Some(instance)) => format!("{}/{instance}", self.app()?),
        })
    }

    /// Makes the key of a service with these labels.
    pub(crate) fn key(&self, service: &str) -> Result<ServiceKey, CommandError> {
        let (app, instance) = self.labels()?;
        let key = ServiceKey::new(app, instance, service);
        key.map_err(|error| CommandError::usage(error.to_string()))
    }

    /// Makes a claim for a service. Unless labels were typed, the claim is for the service of this checkout.
    ///
    /// A claim with typed labels notes this checkout if the app is the checkout's, so that it can be pruned with it.
    pub(crate) fn claim(&self, service: &str, mark_length: usize) -> Result<Claim, CommandError> {
        if !self.typed.are_given() {
            let checkout = self.checkout()?;
            let labels = checkout.labels()?;
            checked_label("app", labels.app.as_deref())?;
            checked_label("instance", labels.instance.as_deref())?;
            let claim = checkout.claim(service, mark_length);
            return claim.map_err(|error| unrecordable(error).into());
        }
        let key = self.key(service)?;
        // If both labels were typed, the current folder need not even exist.
        Ok(match (self.checkout(), self.own_app()) {
            (Ok(checkout), Ok(own_app)) => checkout.named_claim(key, &own_app),
            _ => Claim::new(key).with_label_origin(LabelOrigin::Typed),
        })
    }

    /// Tells which of the allocations with typed labels belong to other checkouts, each checkout once.
    ///
    /// # Errors
    ///
    /// Fails if an environment variable typed the labels, because it is most likely set for all checkouts by mistake.
    pub(crate) fn notes_of_others(
        &self,
        allocations: &[Allocation],
    ) -> Result<Vec<String>, CommandError> {
        let mut notes = Vec::new();
        if !self.typed.are_given() {
            return Ok(notes);
        }
        let mut seen = Vec::new();
        for allocation in allocations {
            if seen.contains(&&allocation.dir) || self.is_within_reach(allocation) {
                continue;
            }
            seen.push(&allocation.dir);
            let dir = wording::checkout(allocation);
            let belongs = format!("{} belongs to another checkout, {dir}", allocation.key);
            if let Some((variable, value)) = self.typed.variable() {
                let hint = format!("`unset {variable}`, or pass --app and --instance");
                return Err(Report::new(format!("{variable}={value}: {belongs}"))
                    .holder(allocation.clone())
                    .hint(hint)
                    .into());
            }
            notes.push(belongs);
        }
        Ok(notes)
    }

    fn of_key(&self, key: &ServiceKey) -> Result<Option<Allocation>, CommandError> {
        let filter = filter_of(key.app(), key.instance()).with_service(key.service());
        Ok((self.list)(&filter)?.pop())
    }

    /// Returns the checkout under its canonical path, without a look at the registry.
    fn opened(&self) -> Result<&Checkout, CommandError> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let folder = match &self.folder {
            Some(folder) => folder.clone(),
            None => current_folder()?,
        };
        let opened = Checkout::open(&folder)?;
        Ok(self.opened.get_or_init(|| opened))
    }

    fn found(&self) -> Result<&FoundCheckout, CommandError> {
        if let Some(found) = self.found.get() {
            return Ok(found);
        }
        let mut checkout = self.opened()?.clone();
        // A checkout whose path cannot be recorded has no allocations.
        let mut own = match checkout.filter() {
            Ok(filter) => (self.list)(&filter)?,
            Err(_) => Vec::new(),
        };
        if own.is_empty()
            && let Some(recorded) = checkout.recorded_among(&(self.list)(&Filter::new())?)
        {
            checkout = recorded;
            own = (self.list)(&checkout.filter()?)?;
        }
        Ok(self.found.get_or_init(|| FoundCheckout { checkout, own }))
    }
}

impl fmt::Debug for Here<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Here")
            .field("typed", &self.typed)
            .field("folder", &self.folder)
            .field("found", &self.found)
            .finish_non_exhaustive()
    }
}

/// Returns the current folder. It may have been removed.
pub(crate) fn current_folder() -> Result<PathBuf, Report> {
    env::current_dir().map_err(|error| {
        Report::new(format!("cannot find the current folder: {error}"))
            .hint("change to a folder that exists, or pass --app and --instance")
    })
}

/// Makes a filter for an app and an instance.
fn filter_of(app: &str, instance: &str) -> Filter {
    Filter::new().with_app(app).with_instance(instance)
}

/// Checks a detected label, which a flag can replace.
fn checked_label(field: &'static str, label: Option<&str>) -> Result<String, CommandError> {
    let Some(label) = label else {
        let problem = format!("the current folder has no name for the {field}");
        let hint = format!("pass --{field} NAME");
        return Err(Report::new(problem).hint(hint).into());
    };
    let (app, instance) = if field == "app" {
        (label, "any")
    } else {
        ("any", label)
    };
    match ServiceKey::new(app, instance, "any") {
        Ok(_) => Ok(label.trim().to_owned()),
        Err(error) => {
            let problem = format!("the current folder has no valid name for the {field}: {error}");
            let hint = format!("pass --{field} NAME");
            Err(Report::new(problem).hint(hint).into())
        }
    }
}

/// Reports the error of a claim, for example that the path of the checkout cannot be recorded.
fn unrecordable(error: Error) -> Report {
    let is_unrecordable = matches!(error, Error::Unrecordable { .. });
    let report = Report::from(error);
    if is_unrecordable {
        report.hint("pass --app NAME and --instance NAME, which need no checkout")
    } else {
        report
    }
}
