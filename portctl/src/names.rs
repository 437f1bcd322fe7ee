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

    /// Whether a name was typed, so that it is meant whichever folder this is.
    pub(crate) fn are_explicit(&self) -> bool {
        self.app.is_some() || self.instance.is_some()
    }

    /// A claim of a service of this checkout.
    pub(crate) fn claim(&self, service: &str) -> Result<Claim, Failure> {
        let claim = Claim::new(self.key(service)?);
        Ok(match self.checkout() {
            Ok(checkout) => claim.dir(&checkout.root),
            // With both names typed, the folder is not needed.
            Err(_) => claim,
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
    pub(crate) fn filter(&self) -> Result<Filter, Failure> {
        let filter = Filter::default().app(self.app()?);
        Ok(if self.app.is_some() && self.instance.is_none() {
            filter
        } else {
            filter.instance(self.instance()?)
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

fn nameless(field: &str) -> Failure {
    Report::new(format!("the current folder gives no name for the {field}"))
        .hint(format!("pass --{field} NAME"))
        .into()
}
