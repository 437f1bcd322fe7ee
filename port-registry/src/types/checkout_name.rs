//! The name of a checkout.

use std::fmt;

use crate::types::service_key::{NameError, ServiceKey};

/// The app and the instance that a checkout's services are allocated under.
///
/// The first allocation with detected labels sets it. It ends with the checkout's last allocation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CheckoutName {
    app: String,
    instance: String,
}

impl CheckoutName {
    /// Makes a name, whose parts are trimmed.
    ///
    /// # Errors
    ///
    /// Returns [`NameError`] if the app or the instance is invalid.
    pub fn new(app: impl AsRef<str>, instance: impl AsRef<str>) -> Result<CheckoutName, NameError> {
        ServiceKey::new(app, instance, "any").map(|key| CheckoutName::of(&key))
    }

    /// Makes the name of a checkout whose service has this key.
    pub(crate) fn of(key: &ServiceKey) -> CheckoutName {
        CheckoutName {
            app: key.app().to_owned(),
            instance: key.instance().to_owned(),
        }
    }

    /// Makes the key of a service of the checkout.
    ///
    /// # Errors
    ///
    /// Returns [`NameError`] if the name of the service is invalid.
    pub fn key(&self, service: &str) -> Result<ServiceKey, NameError> {
        ServiceKey::new(&self.app, &self.instance, service)
    }

    /// Returns the app.
    pub fn app(&self) -> &str {
        &self.app
    }

    /// Returns the instance.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// Tests if a service is named after the checkout.
    pub(crate) fn is_of(&self, key: &ServiceKey) -> bool {
        key.app() == self.app && key.instance() == self.instance
    }
}

impl fmt::Display for CheckoutName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.app, self.instance)
    }
}
