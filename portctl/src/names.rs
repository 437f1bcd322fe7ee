//! Whom a command is about: what was typed, completed by what is detected.

use std::cell::OnceCell;
use std::env;

use port_registry::{Checkout, Claim, Filter, ServiceKey};

use crate::failure::{Failure, Report};

/// The app and the instance of a command.
#[derive(Debug)]
pub(crate) struct Names {
    app: Option<String>,
    instance: Option<String>,
    /// Asked for when it is needed, since that runs git.
    checkout: OnceCell<Checkout>,
}

impl Names {
    /// The names that were typed.
    pub(crate) fn new(app: Option<String>, instance: Option<String>) -> Names {
        Names {
            app,
            instance,
            checkout: OnceCell::new(),
        }
    }

    /// Whether an instance was typed, so that it is meant whichever checkout this is.
    pub(crate) fn is_instance_explicit(&self) -> bool {
        self.instance.is_some()
    }

    /// A claim of a service of this checkout. With another app typed, this checkout has nothing to
    /// do with it.
    pub(crate) fn claim(&self, service: &str) -> Result<Claim, Failure> {
        let claim = Claim::new(self.key(service)?);
        Ok(match self.checkout() {
            Ok(checkout) if checkout.app.as_deref() == Some(claim.key().app()) => {
                claim.dir(&checkout.root)
            }
            // With both names typed, the folder is not even needed.
            _ => claim,
        })
    }

    /// A service of this checkout.
    pub(crate) fn key(&self, service: &str) -> Result<ServiceKey, Failure> {
        let key = ServiceKey::new(self.app()?, self.instance()?, service);
        key.map_err(|error| {
            let was_typed = match error.field() {
                "app" => self.app.is_some(),
                "instance" => self.instance.is_some(),
                _ => true,
            };
            if was_typed {
                Failure::Usage(error.to_string())
            } else {
                let hint = format!("pass --{} NAME", error.field());
                Report::new(format!("of the current folder, {error}"))
                    .hint(hint)
                    .into()
            }
        })
    }

    /// The allocations that are meant: of what was typed, or else of this app and this instance.
    pub(crate) fn filter(&self, service: Option<&str>) -> Result<Filter, Failure> {
        let instance = match self.app {
            Some(_) => self.instance.as_deref(),
            None => Some(self.instance()?),
        };
        filter(Some(self.app()?), instance, service)
    }

    /// The allocations of what was typed, and of all apps and instances otherwise.
    pub(crate) fn filter_of_all(&self, service: Option<&str>) -> Result<Filter, Failure> {
        filter(self.app.as_deref(), self.instance.as_deref(), service)
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

    fn checkout(&self) -> Result<&Checkout, Failure> {
        if let Some(checkout) = self.checkout.get() {
            return Ok(checkout);
        }
        let folder = env::current_dir().map_err(|error| {
            Report::new(format!("cannot tell the current folder: {error}"))
                .hint("go to a folder that exists, or pass --app and --instance")
        })?;
        Ok(self.checkout.get_or_init(|| Checkout::of(&folder)))
    }
}

fn filter(
    app: Option<&str>,
    instance: Option<&str>,
    service: Option<&str>,
) -> Result<Filter, Failure> {
    // What is not a name would match nothing, and is most likely an unset variable.
    const ANY: &str = "any";
    ServiceKey::new(
        app.unwrap_or(ANY),
        instance.unwrap_or(ANY),
        service.unwrap_or(ANY),
    )
    .map_err(|error| Failure::Usage(error.to_string()))?;
    let mut filter = Filter::default();
    if let Some(app) = app {
        filter = filter.app(app);
    }
    if let Some(instance) = instance {
        filter = filter.instance(instance);
    }
    if let Some(service) = service {
        filter = filter.service(service);
    }
    Ok(filter)
}

fn nameless(field: &str) -> Failure {
    Report::new(format!("the current folder gives no name for the {field}"))
        .hint(format!("pass --{field} NAME"))
        .into()
}
