//! The labels of the services that a command is about.

use port_registry::{Allocation, CheckoutName, Filter, ServiceKey};

use super::here::Here;
use crate::command_error::CommandError;
use crate::report::Report;

impl Here<'_> {
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
    pub(super) fn own_app(&self) -> Result<String, CommandError> {
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

    /// Returns the app and the instance that are detected now. Fails if one of them is no valid name.
    pub(super) fn detected(&self) -> Result<(String, String), CommandError> {
        let labels = self.checkout()?.labels()?;
        Ok((
            checked_label("app", labels.app.as_deref())?,
            checked_label("instance", labels.instance.as_deref())?,
        ))
    }

    /// Like [`detected`](Self::detected). Returns `None` if a mistake in the project file hides the app, because commands that
    /// only look at allocations do not need the file.
    pub(super) fn detected_if_readable(&self) -> Result<Option<(String, String)>, CommandError> {
        match self.detected() {
            Err(_) if self.declarations().is_err() => Ok(None),
            detected => detected.map(Some),
        }
    }

    /// Makes a filter for the typed labels. An app without an instance selects all of its instances, and an instance is that
    /// of this app. Returns `None` if none were typed.
    pub(crate) fn typed_filter(&self) -> Result<Option<Filter>, CommandError> {
        if !self.typed.are_given() {
            return Ok(None);
        }
        Ok(Some(self.typed.filter().with_app(self.app()?)))
    }

    /// Names the owner of the services that a command is about: the typed labels, or this checkout.
    pub(crate) fn owner(&self) -> Result<String, CommandError> {
        let owner = match (self.typed.app(), self.typed.instance()) {
            (None, None) => return Ok("this checkout".to_owned()),
            (Some(app), None) => app.to_owned(),
            (_, Some(instance)) => format!("{}/{instance}", self.app()?),
        };
        Ok(match self.typed.variable() {
            Some((variable, _)) => format!("{owner} (from {variable})"),
            None => owner,
        })
    }

    /// Makes the key of a service with these labels.
    pub(crate) fn key(&self, service: &str) -> Result<ServiceKey, CommandError> {
        let (app, instance) = self.labels()?;
        let key = ServiceKey::new(app, instance, service);
        key.map_err(|error| CommandError::usage(error.to_string()))
    }
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
