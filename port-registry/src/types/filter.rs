//! Filters: conditions on allocations.

use crate::types::allocation::Allocation;
use crate::types::checkout_path::CheckoutPath;
use crate::types::port::Port;

/// A filter matches the allocations that meet all of its conditions. A new one has none, and matches all.
///
/// Names are trimmed of white space, like those of a [`ServiceKey`](crate::ServiceKey).
///
/// ```
/// use port_registry::Filter;
///
/// let filter = Filter::new().with_app("shop").with_instance("main");
/// assert_eq!(filter.app(), Some("shop"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Filter {
    app: Option<String>,
    instance: Option<String>,
    service: Option<String>,
    port: Option<Port>,
    dir: Option<CheckoutPath>,
}

impl Filter {
    /// Makes a filter that matches all allocations.
    pub fn new() -> Filter {
        Filter::default()
    }

    /// Requires this app.
    #[must_use]
    pub fn with_app(self, app: impl AsRef<str>) -> Filter {
        Filter {
            app: Some(app.as_ref().trim().to_owned()),
            ..self
        }
    }

    /// Requires this instance, of any app.
    #[must_use]
    pub fn with_instance(self, instance: impl AsRef<str>) -> Filter {
        Filter {
            instance: Some(instance.as_ref().trim().to_owned()),
            ..self
        }
    }

    /// Requires this service, of any app and instance.
    #[must_use]
    pub fn with_service(self, service: impl AsRef<str>) -> Filter {
        Filter {
            service: Some(service.as_ref().trim().to_owned()),
            ..self
        }
    }

    /// Requires this port.
    #[must_use]
    pub fn with_port(self, port: Port) -> Filter {
        Filter {
            port: Some(port),
            ..self
        }
    }

    /// Requires this checkout. Its path is compared as it was recorded.
    #[must_use]
    pub fn with_dir(self, dir: CheckoutPath) -> Filter {
        Filter {
            dir: Some(dir),
            ..self
        }
    }

    /// Returns the required app, or `None` if any app matches.
    pub fn app(&self) -> Option<&str> {
        self.app.as_deref()
    }

    /// Returns the required instance, or `None` if any instance matches.
    pub fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    /// Returns the required service, or `None` if any service matches.
    pub fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }

    /// Returns the required port, or `None` if any port matches.
    pub fn port(&self) -> Option<Port> {
        self.port
    }

    /// Returns the required checkout, or `None` if any matches.
    pub fn dir(&self) -> Option<&CheckoutPath> {
        self.dir.as_ref()
    }

    /// Tests if the filter has no conditions, so that every allocation matches.
    pub fn is_empty(&self) -> bool {
        *self == Filter::new()
    }

    /// Tests if an allocation meets all conditions.
    pub fn matches(&self, allocation: &Allocation) -> bool {
        let is_met = |required: Option<&str>, name: &str| required.is_none_or(|it| it == name);
        is_met(self.app(), allocation.key.app())
            && is_met(self.instance(), allocation.key.instance())
            && is_met(self.service(), allocation.key.service())
            && self.port.is_none_or(|port| port == allocation.port)
            && self
                .dir
                .as_ref()
                .is_none_or(|dir| allocation.dir.as_ref() == Some(dir))
    }
}
