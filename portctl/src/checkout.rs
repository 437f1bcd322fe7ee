//! The app and the instance of a command, and the checkout that they belong to.

use std::cell::OnceCell;
use std::env;
use std::path::{Path, PathBuf};

use port_registry::{Allocation, Checkout, Claim, Filter, Port, ServiceKey};

use crate::command_error::CommandError;
use crate::report::Report;

/// The app and the instance of a command: as typed, or else as detected.
#[derive(Debug)]
pub(crate) struct CheckoutNames {
    /// The folder whose checkout is detected, unless it is the current one.
    folder: Option<PathBuf>,
    app: Option<String>,
    instance: Option<String>,
    /// Detected only when it is needed, because that runs git.
    checkout: OnceCell<Checkout>,
}

impl CheckoutNames {
    /// Makes names of those that were typed.
    pub(crate) fn new(app: Option<String>, instance: Option<String>) -> CheckoutNames {
        CheckoutNames {
            folder: None,
            app,
            instance,
            checkout: OnceCell::new(),
        }
    }

    /// Detects missing names in this folder, instead of the current one.
    pub(crate) fn in_folder(self, folder: &Path) -> CheckoutNames {
        CheckoutNames {
            folder: Some(folder.to_owned()),
            ..self
        }
    }

    /// Returns this checkout if the filter selects by exactly its app and instance, typed or detected.
    pub(crate) fn checkout_of(&self, filter: &Filter) -> Option<&Checkout> {
        let checkout = self.checkout().ok()?;
        has_names(checkout, filter.app(), filter.instance()).then_some(checkout)
    }

    /// Like [`checkout_of`](Self::checkout_of), but returns `None` if the checkout has not been detected yet.
    pub(crate) fn known_checkout_of(&self, filter: &Filter) -> Option<&Checkout> {
        let checkout = self.checkout.get()?;
        has_names(checkout, filter.app(), filter.instance()).then_some(checkout)
    }

    /// Returns true if an allocation has the names of this checkout, but belongs to another one.
    pub(crate) fn are_shared_by(&self, allocation: &Allocation) -> bool {
        let (app, instance) = (allocation.key.app(), allocation.key.instance());
        self.checkout().is_ok_and(|it| {
            has_names(it, Some(app), Some(instance))
                && allocation.belongs_to_other_checkout(it.root())
        })
    }

    /// Makes a claim for a service. The claim records this checkout if the names are those of this checkout. Other
    /// names that were typed are used as they are, without a checkout.
    pub(crate) fn claim(&self, service: &str) -> Result<Claim, CommandError> {
        let key = self.key(service)?;
        let claim = Claim::new(key.clone());
        let checkout = match self.checkout() {
            Ok(checkout) if has_names(checkout, Some(key.app()), Some(key.instance())) => checkout,
            // If both names were typed, the current folder need not even exist.
            _ => return Ok(claim),
        };
        match claim.clone().with_dir(checkout.root()) {
            Ok(claim) => Ok(claim),
            Err(_) if self.app.is_some() && self.instance.is_some() => Ok(claim),
            Err(error) => Err(Report::new(format!(
                "the checkout {} cannot be distinguished from others with the same names: {error}",
                checkout.root().display()
            ))
            .hint("pass --app NAME and --instance NAME, which need no checkout")
            .into()),
        }
    }

    /// Makes the key of a service.
    pub(crate) fn key(&self, service: &str) -> Result<ServiceKey, CommandError> {
        self.checked_key(self.app()?, self.instance()?, service)
    }

    /// Makes a filter for the typed names, or else for this app and instance. An app without an instance selects all
    /// instances of the app.
    pub(crate) fn filter(&self, service: Option<&str>) -> Result<Filter, CommandError> {
        let instance = match self.app {
            Some(_) => self.instance.as_deref(),
            None => Some(self.instance()?),
        };
        self.filter_by(Some(self.app()?), instance, service)
    }

    /// Makes a filter for a port of this app, whose instance is selected only if it was typed.
    pub(crate) fn filter_of_port(
        &self,
        service: Option<&str>,
        port: Port,
    ) -> Result<Filter, CommandError> {
        let filter = self.filter_by(Some(self.app()?), self.instance.as_deref(), service)?;
        Ok(filter.with_port(port))
    }

    /// Makes a filter for one instance, typed or detected.
    pub(crate) fn filter_of_instance(&self) -> Result<Filter, CommandError> {
        self.filter_by(Some(self.app()?), Some(self.instance()?), None)
    }

    /// Tells which allocations belong to that instance.
    pub(crate) fn own(&self) -> Ownership<'_> {
        let filter = self.filter_of_instance().ok();
        Ownership {
            checkout: filter.as_ref().and_then(|it| self.checkout_of(it)),
            filter,
        }
    }

    /// Makes a filter for the typed names, or else for all apps and instances.
    pub(crate) fn filter_of_all(&self, service: Option<&str>) -> Result<Filter, CommandError> {
        self.filter_by(self.app.as_deref(), self.instance.as_deref(), service)
    }

    fn filter_by(
        &self,
        app: Option<&str>,
        instance: Option<&str>,
        service: Option<&str>,
    ) -> Result<Filter, CommandError> {
        // An invalid name matches nothing, and most likely comes from an unset variable.
        const ANY: &str = "any";
        self.checked_key(
            app.unwrap_or(ANY),
            instance.unwrap_or(ANY),
            service.unwrap_or(ANY),
        )?;
        let mut filter = Filter::new();
        if let Some(app) = app {
            filter = filter.with_app(app);
        }
        if let Some(instance) = instance {
            filter = filter.with_instance(instance);
        }
        if let Some(service) = service {
            filter = filter.with_service(service);
        }
        Ok(filter)
    }

    /// Checks the names. An invalid name that was typed is a usage error; a detected one can be replaced by a flag.
    fn checked_key(
        &self,
        app: &str,
        instance: &str,
        service: &str,
    ) -> Result<ServiceKey, CommandError> {
        ServiceKey::new(app, instance, service).map_err(|error| {
            let field = error.field();
            let was_detected = match field {
                "app" => self.app.is_none(),
                "instance" => self.instance.is_none(),
                _ => false,
            };
            if was_detected {
                Report::new(format!(
                    "the current folder has no valid name for the {field}: {error}"
                ))
                .hint(format!("pass --{field} NAME"))
                .into()
            } else {
                CommandError::usage(error.to_string())
            }
        })
    }

    fn app(&self) -> Result<&str, CommandError> {
        if let Some(app) = &self.app {
            return Ok(app);
        }
        let detected = self.checkout()?.labels()?.app.as_deref();
        detected.ok_or_else(|| nameless("app"))
    }

    fn instance(&self) -> Result<&str, CommandError> {
        if let Some(instance) = &self.instance {
            return Ok(instance);
        }
        let detected = self.checkout()?.labels()?.instance.as_deref();
        detected.ok_or_else(|| nameless("instance"))
    }

    pub(crate) fn checkout(&self) -> Result<&Checkout, CommandError> {
        if let Some(checkout) = self.checkout.get() {
            return Ok(checkout);
        }
        let folder = match &self.folder {
            Some(folder) => folder.clone(),
            None => env::current_dir().map_err(|error| {
                Report::new(format!("cannot find the current folder: {error}"))
                    .hint("change to a folder that exists, or pass --app and --instance")
            })?,
        };
        let checkout = Checkout::open(&folder)?;
        checkout.labels()?;
        Ok(self.checkout.get_or_init(|| checkout))
    }
}

/// The allocations of one instance of this checkout.
pub(crate) struct Ownership<'a> {
    /// `None` if the instance has no valid names.
    filter: Option<Filter>,
    checkout: Option<&'a Checkout>,
}

impl Ownership<'_> {
    /// Returns true if an allocation has this app and instance, and is not of another checkout with the same names.
    pub(crate) fn has(&self, holder: &Allocation) -> bool {
        let is_other = |it: &Checkout| holder.belongs_to_other_checkout(it.root());
        self.filter.as_ref().is_some_and(|it| it.matches(holder))
            && !self.checkout.is_some_and(is_other)
    }
}

/// Returns true if these are the names of a checkout.
fn has_names(checkout: &Checkout, app: Option<&str>, instance: Option<&str>) -> bool {
    app.is_some()
        && instance.is_some()
        && checkout
            .labels()
            .is_ok_and(|it| app == it.app.as_deref() && instance == it.instance.as_deref())
}

fn nameless(field: &str) -> CommandError {
    Report::new(format!("the current folder has no name for the {field}"))
        .hint(format!("pass --{field} NAME"))
        .into()
}
