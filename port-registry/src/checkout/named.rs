//! Services whose app or instance a user named, by flags or environment variables.

use std::env;

use super::detect::Checkout;
use crate::error::Error;
use crate::types::allocation::Allocation;
use crate::types::claim::Claim;
use crate::types::label_origin::LabelOrigin;
use crate::types::service_key::ServiceKey;

/// The environment variable that names the app.
pub const APP_VARIABLE: &str = "PORT_REGISTRY_APP";
/// The environment variable that names the instance.
pub const INSTANCE_VARIABLE: &str = "PORT_REGISTRY_INSTANCE";

/// Reads [`APP_VARIABLE`] or [`INSTANCE_VARIABLE`], with U+FFFD for what is not UTF-8. An empty value counts as not set.
#[must_use]
pub fn label_variable(name: &str) -> Option<String> {
    let value = env::var_os(name).filter(|value| !value.is_empty())?;
    Some(value.to_string_lossy().into_owned())
}

impl Checkout {
    /// Returns the app and the instance of this checkout: its name, if one of its allocations has it, or else those that
    /// are detected. Both may be no valid names.
    ///
    /// # Errors
    ///
    /// - [`Checkout`](Error::Checkout) if git fails
    /// - [`NoLabel`](Error::NoLabel) if the checkout gives no app or no instance
    #[doc(hidden)]
    pub fn name_or_labels(&self, own: &[Allocation]) -> Result<(String, String), Error> {
        if let Some(name) = own.iter().find_map(Allocation::checkout_name) {
            return Ok((name.app().to_owned(), name.instance().to_owned()));
        }
        let labels = self.labels()?;
        let label = |field, label: &Option<String>| {
            label.clone().ok_or_else(|| Error::NoLabel {
                root: self.root().to_owned(),
                field,
            })
        };
        Ok((
            label("app", &labels.app)?,
            label("instance", &labels.instance)?,
        ))
    }

    /// Makes a claim for a key that a user named. It records this checkout if the app is `own_app`, the checkout's, so
    /// that it can be pruned with it.
    #[doc(hidden)]
    #[must_use]
    pub fn named_claim(&self, key: ServiceKey, own_app: &str) -> Claim {
        let claim = Claim::new(key).with_label_origin(LabelOrigin::Typed);
        if claim.key().app() != own_app.trim() {
            return claim;
        }
        claim.clone().with_dir(self.root()).unwrap_or(claim)
    }
}
