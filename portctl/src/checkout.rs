//! Whom a command is about: what was typed, completed by what is detected.

use std::cell::OnceCell;
use std::env;
use std::path::{Path, PathBuf};

use port_registry::{Allocation, Checkout, Claim, Filter, ServiceKey};

use crate::failure::Failure;
use crate::report::Report;

/// The app and the instance of a command.
#[derive(Debug)]
pub(crate) struct Names {
    /// The folder that names are detected in, if it is not the current one.
    folder: Option<PathBuf>,
    app: Option<String>,
    instance: Option<String>,
    /// Asked for when it is needed, since that runs git.
    checkout: OnceCell<Checkout>,
}

impl Names {
    /// The names that were typed.
    pub(crate) fn new(app: Option<String>, instance: Option<String>) -> Names {
        Names {
            folder: None,
            app,
            instance,
            checkout: OnceCell::new(),
        }
    }

    /// The same, completed by what is detected in another folder than the current one.
    pub(crate) fn in_folder(self, folder: &Path) -> Names {
        Names {
            folder: Some(folder.to_owned()),
            ..self
        }
    }

    /// This checkout, if a filter is of its names and no others, whether they were typed or not.
    pub(crate) fn checkout_of(&self, filter: &Filter) -> Option<&Checkout> {
        let checkout = self.checkout().ok()?;
        is_called(checkout, filter.app(), filter.instance()).then_some(checkout)
    }

    /// The same, if git has been asked already.
    pub(crate) fn known_checkout_of(&self, filter: &Filter) -> Option<&Checkout> {
        let checkout = self.checkout.get()?;
        is_called(checkout, filter.app(), filter.instance()).then_some(checkout)
    }

    /// A claim of a service. It is this checkout's if the names are; others that are typed are taken
    /// at their word, from whichever folder.
    pub(crate) fn claim(&self, service: &str) -> Result<Claim, Failure> {
        let key = self.key(service)?;
        let claim = Claim::new(key.clone());
        let checkout = match self.checkout() {
            Ok(checkout) if is_called(checkout, Some(key.app()), Some(key.instance())) => checkout,
            // With both names typed, the folder is not even needed.
            _ => return Ok(claim),
        };
        match claim.clone().with_dir(&checkout.root) {
            Ok(claim) => Ok(claim),
            Err(_) if self.app.is_some() && self.instance.is_some() => Ok(claim),
            Err(error) => Err(Report::new(format!(
                "the folder {} cannot be told from others that come out with the same names: {error}",
                checkout.root.display()
            ))
            .hint("pass --app NAME and --instance NAME, which are taken at their word")
            .into()),
        }
    }

    /// A service of this checkout.
    pub(crate) fn key(&self, service: &str) -> Result<ServiceKey, Failure> {
        self.checked_key(self.app()?, self.instance()?, service)
    }

    /// The allocations that are meant: of what was typed, or else of this app and this instance.
    pub(crate) fn filter(&self, service: Option<&str>) -> Result<Filter, Failure> {
        let instance = match self.app {
            Some(_) => self.instance.as_deref(),
            None => Some(self.instance()?),
        };
        self.filter_by(Some(self.app()?), instance, service)
    }

    /// The allocations of one instance: of what was typed, or else of this app and this instance.
    pub(crate) fn filter_of_instance(&self) -> Result<Filter, Failure> {
        self.filter_by(Some(self.app()?), Some(self.instance()?), None)
    }

    /// What belongs to that instance.
    pub(crate) fn own(&self) -> Own<'_> {
        let filter = self.filter_of_instance().ok();
        Own {
            checkout: filter.as_ref().and_then(|it| self.checkout_of(it)),
            filter,
        }
    }

    /// The allocations of what was typed, and of all apps and instances otherwise.
    pub(crate) fn filter_of_all(&self, service: Option<&str>) -> Result<Filter, Failure> {
        self.filter_by(self.app.as_deref(), self.instance.as_deref(), service)
    }

    fn filter_by(
        &self,
        app: Option<&str>,
        instance: Option<&str>,
        service: Option<&str>,
    ) -> Result<Filter, Failure> {
        // What is not a name would match nothing, and is most likely an unset variable.
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

    /// A name that was typed wrong is wrong usage; one that was detected can be replaced.
    fn checked_key(&self, app: &str, instance: &str, service: &str) -> Result<ServiceKey, Failure> {
        ServiceKey::new(app, instance, service).map_err(|error| {
            let field = error.field();
            let was_detected = match field {
                "app" => self.app.is_none(),
                "instance" => self.instance.is_none(),
                _ => false,
            };
            if was_detected {
                Report::new(format!("the current folder gives no usable names: {error}"))
                    .hint(format!("pass --{field} NAME"))
                    .into()
            } else {
                Failure::Usage(error.to_string())
            }
        })
    }

    fn app(&self) -> Result<&str, Failure> {
        if let Some(app) = &self.app {
            return Ok(app);
        }
        let detected = self.checkout()?.app.as_deref();
        detected.ok_or_else(|| nameless("app"))
    }

    fn instance(&self) -> Result<&str, Failure> {
        if let Some(instance) = &self.instance {
            return Ok(instance);
        }
        let detected = self.checkout()?.instance.as_deref();
        detected.ok_or_else(|| nameless("instance"))
    }

    pub(crate) fn checkout(&self) -> Result<&Checkout, Failure> {
        if let Some(checkout) = self.checkout.get() {
            return Ok(checkout);
        }
        let folder = match &self.folder {
            Some(folder) => folder.clone(),
            None => env::current_dir().map_err(|error| {
                Report::new(format!("cannot tell the current folder: {error}"))
                    .hint("go to a folder that exists, or pass --app and --instance")
            })?,
        };
        let checkout = Checkout::of(&folder)?;
        Ok(self.checkout.get_or_init(|| checkout))
    }
}

/// What belongs to one instance.
pub(crate) struct Own<'a> {
    /// `None` where there are no names for it.
    filter: Option<Filter>,
    checkout: Option<&'a Checkout>,
}

impl Own<'_> {
    /// Whether an allocation is of this app and instance, and not of another checkout of the same names.
    pub(crate) fn has(&self, holder: &Allocation) -> bool {
        let is_other = |it: &Checkout| holder.belongs_to_other_checkout(&it.root);
        self.filter.as_ref().is_some_and(|it| it.matches(holder))
            && !self.checkout.is_some_and(is_other)
    }
}

/// Whether these are the names of a checkout.
fn is_called(checkout: &Checkout, app: Option<&str>, instance: Option<&str>) -> bool {
    app.is_some()
        && instance.is_some()
        && app == checkout.app.as_deref()
        && instance == checkout.instance.as_deref()
}

fn nameless(field: &str) -> Failure {
    Report::new(format!("the current folder gives no name for the {field}"))
        .hint(format!("pass --{field} NAME"))
        .into()
}
