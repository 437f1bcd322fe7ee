//! The services that a command is about.

use port_registry::{Allocation, Claim, Error, Filter, LabelOrigin, ServiceKey};

use super::here::{FoundCheckout, Here};
use crate::command_error::CommandError;
use crate::report::Report;

impl Here<'_> {
    /// Returns the service that `get` finds in this checkout without asking git for labels, or the one with the typed
    /// labels.
    pub(crate) fn held(&self, service: &str) -> Result<Option<Allocation>, CommandError> {
        if self.typed.are_given() {
            return self.of_key(&self.key(service)?);
        }
        let FoundCheckout { checkout, own } = self.found()?;
        Ok(checkout.held(own, service)?.cloned())
    }

    /// Returns the service of this checkout for which an environment variable has led to a new allocation.
    pub(crate) fn hidden_by_variable(&self, new: &Allocation) -> Option<String> {
        let (variable, value) = self.typed.variable()?;
        let FoundCheckout { checkout, own } = self.found().ok()?;
        let own = checkout.held(own, new.key.service()).ok()??;
        Some(format!(
            "{variable}={value} names {}; {} of this checkout has port {}",
            new.key, own.key, own.port
        ))
    }

    /// Returns the service that `get` finds, if it has a port.
    pub(crate) fn find(&self, service: &str) -> Result<Option<Allocation>, CommandError> {
        match self.held(service)? {
            Some(held) => Ok(Some(held)),
            None if self.typed.are_given() => Ok(None),
            None => {
                let mut passing = self.passing_on()?.into_iter();
                Ok(passing.find(|it| it.key.service() == service.trim()))
            }
        }
    }

    /// Returns the services that `get` finds, each once: those of this checkout, or those with the typed labels.
    pub(crate) fn current(&self) -> Result<Vec<Allocation>, CommandError> {
        if self.typed.are_given() {
            return self.labelled();
        }
        let FoundCheckout { checkout, own } = self.found()?;
        let passing = self.passing_on()?;
        let mut current: Vec<Allocation> = Vec::new();
        for candidate in own.iter().chain(&passing) {
            let service = candidate.key.service();
            if current.iter().any(|it| it.key.service() == service) {
                continue;
            }
            let held = checkout.held(own, service)?;
            let found = held.or_else(|| passing.iter().find(|it| it.key.service() == service));
            current.extend(found.cloned());
        }
        current.sort_by_key(|it| it.id);
        Ok(current)
    }

    /// Reads anew which services this checkout holds, or the typed labels have.
    pub(crate) fn read_again(&self) -> Result<Vec<Allocation>, CommandError> {
        if self.typed.are_given() {
            return self.labelled();
        }
        let mut own = (self.list)(&self.checkout()?.filter()?)?;
        own.retain(|it| it.label_origin.is_detected());
        Ok(own)
    }

    /// Returns all allocations of this checkout, also those whose labels were typed, and those that pass on to it.
    pub(crate) fn all(&self) -> Result<Vec<Allocation>, CommandError> {
        let mut all = self.found()?.own.clone();
        all.extend(self.passing_on()?);
        all.sort_by_key(|it| it.id);
        Ok(all)
    }

    /// Returns the allocations that pass on to this checkout when it asks for their services. `get` prefers the first ones:
    ///
    /// 1. those without a checkout, with the labels that git gives now
    /// 2. those with the name of this checkout, without a checkout or of one that is gone
    fn passing_on(&self) -> Result<Vec<Allocation>, CommandError> {
        let Some(name) = self.name() else {
            return self.passing_on_to_new();
        };
        let mut of_branch = (self.list)(&Filter::new().with_app(name.app()))?;
        of_branch.retain(|it| it.dir.is_none() && it.key.instance() != name.instance());
        if !of_branch.is_empty() {
            let labels = self.detected_if_readable()?;
            let is_labelled = |it: &Allocation| {
                let mut labels = labels.iter();
                labels.any(|(app, instance)| it.key.app() == app && it.key.instance() == instance)
            };
            of_branch.retain(is_labelled);
        }
        let named = Filter::new()
            .with_app(name.app())
            .with_instance(name.instance());
        let mut passing = of_branch;
        passing.extend((self.list)(&named)?);
        let own = &self.found()?.own;
        passing.retain(|it| own.iter().all(|own| own.id != it.id) && self.is_within_reach(it));
        Ok(passing)
    }

    /// Like [`passing_on`](Self::passing_on), for a checkout without a name. If another existing checkout has its labels,
    /// those of one that is gone had them with a mark.
    fn passing_on_to_new(&self) -> Result<Vec<Allocation>, CommandError> {
        let Some((app, instance)) = self.detected_if_readable()? else {
            return Ok(Vec::new());
        };
        let mut passing = (self.list)(&Filter::new().with_app(&app))?;
        passing.retain(|it| it.unmarked_instance() == instance || it.key.instance() == instance);
        let (labelled, marked): (Vec<_>, Vec<_>) = passing
            .into_iter()
            .partition(|it| it.key.instance() == instance);
        let has_name = |it: &Allocation| {
            let name = it.checkout_name();
            name.is_some_and(|name| name.app() == app && name.instance() == instance)
        };
        let is_others = |it: &Allocation| has_name(it) && !self.is_within_reach(it);
        let own = &self.found()?.own;
        if labelled.iter().any(is_others) {
            let unowned = labelled.into_iter().filter(|it| it.dir.is_none());
            let moved = marked.into_iter();
            let moved = moved.filter(|it| it.label_origin.is_detected() && it.checkout_is_gone());
            return Ok(unowned.chain(moved).collect());
        }
        let mut passing = labelled;
        passing.retain(|it| own.iter().all(|own| own.id != it.id) && self.is_within_reach(it));
        Ok(passing)
    }

    /// Returns true if an allocation belongs to this checkout, or has the typed labels.
    pub(crate) fn owns(&self, allocation: &Allocation) -> bool {
        if self.typed.are_given() {
            return self.labels().is_ok_and(|(app, instance)| {
                allocation.key.app() == app && allocation.key.instance() == instance
            });
        }
        let all = self.all().unwrap_or_default();
        all.iter().any(|it| it.id == allocation.id)
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

    /// Makes a claim for a service, with the wishes of the project file. Unless labels were typed, the claim is for the
    /// service of this checkout.
    ///
    /// A claim with typed labels notes this checkout if the app is the checkout's, so that it can be pruned with it.
    pub(crate) fn claim(&self, service: &str, mark_length: usize) -> Result<Claim, CommandError> {
        if !self.typed.are_given() {
            let name = self.name();
            if name.is_none() {
                self.detected()?;
            }
            let claim = self.checkout()?.claim(service, name.as_ref(), mark_length);
            return self.with_wishes(claim.map_err(unrecordable)?);
        }
        let key = self.key(service)?;
        // If both labels were typed, the current folder need not even exist.
        self.with_wishes(match (self.checkout(), self.own_app()) {
            (Ok(checkout), Ok(own_app)) => checkout.named_claim(key, &own_app),
            _ => Claim::new(key).with_label_origin(LabelOrigin::Typed),
        })
    }

    /// Lists the allocations with these labels.
    fn labelled(&self) -> Result<Vec<Allocation>, CommandError> {
        let (app, instance) = self.labels()?;
        let filter = Filter::new().with_app(app).with_instance(instance);
        Ok((self.list)(&filter)?)
    }

    fn of_key(&self, key: &ServiceKey) -> Result<Option<Allocation>, CommandError> {
        let filter = Filter::new()
            .with_app(key.app())
            .with_instance(key.instance())
            .with_service(key.service());
        Ok((self.list)(&filter)?.pop())
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
