//! Claims: a service's request for a port.

use std::path::Path;

use crate::types::checkout_name::CheckoutName;
use crate::types::checkout_path::{CheckoutPath, DirError};
use crate::types::label_origin::LabelOrigin;
use crate::types::port::Port;
use crate::types::service_key::{NameError, ServiceKey};
use crate::types::timestamp::Timestamp;

/// A service's claim on a port.
///
/// ```
/// use port_registry::{Claim, Port, ServiceKey};
///
/// let key = ServiceKey::new("shop", "main", "web")?;
/// let any_port = Claim::new(key.clone());
/// let best_this_port = Claim::new(key.clone()).with_prefer(Port::new(8080)?);
/// let this_port = Claim::new(key).with_port(Port::new(8080)?).with_dir("/home/me/shop")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Claim {
    #[cfg_attr(feature = "serde", serde(flatten))]
    key: ServiceKey,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    port: Option<Port>,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    prefer: Option<Port>,
    /// In ascending order, each once.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "avoid", skip_serializing_if = "Vec::is_empty")
    )]
    avoided_ports: Vec<Port>,
    /// An absolute path.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    dir: Option<CheckoutPath>,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    created_at: Option<Timestamp>,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "LabelOrigin::is_api"))]
    label_origin: LabelOrigin,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    marked_instance: Option<String>,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    checkout_name: Option<CheckoutName>,
    #[cfg_attr(feature = "serde", serde(rename = "adopt"))]
    listener_policy: ListenerPolicy,
}

/// The treatment of a claimed port that a process listens on already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListenerPolicy {
    /// The claim fails with [`PortInUse`](crate::Error::PortInUse).
    #[default]
    Refuse,
    /// The claim succeeds, because the listener is the service itself.
    Adopt,
}

#[cfg(feature = "serde")]
impl serde::Serialize for ListenerPolicy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*self == ListenerPolicy::Adopt)
    }
}

impl Claim {
    /// Makes a claim on any port.
    pub fn new(key: ServiceKey) -> Claim {
        Claim {
            key,
            port: None,
            prefer: None,
            avoided_ports: Vec::new(),
            dir: None,
            created_at: None,
            label_origin: LabelOrigin::default(),
            marked_instance: None,
            checkout_name: None,
            listener_policy: ListenerPolicy::default(),
        }
    }

    /// Claims this port and no other.
    #[must_use]
    pub fn with_port(self, port: Port) -> Claim {
        Claim {
            port: Some(port),
            ..self
        }
    }

    /// Claims this port if it is available, and otherwise the best other one.
    ///
    /// The service gets the preferred port if no service holds it, it is not in use, this process may bind it, and it is
    /// in the registry's [range](crate::Builder::with_range). So the claim does not fail because of the preferred port;
    /// [`Registry::check`](crate::Registry::check) tells who has it. If several claims of a batch prefer one port, the
    /// first gets it.
    ///
    /// It is decided once: a service that holds a port keeps it. A preference has no effect on a claim
    /// [with a port](Self::with_port).
    ///
    /// ```
    /// use port_registry::{Claim, Port, Registry, ServiceKey};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().with_path(folder.path().join("ports.redb"));
    /// # let registry = registry.with_probe(|_: Port| Ok(port_registry::Verdict::Free)).open()?;
    /// let vite = Port::new(5173)?;
    /// let web = |instance| ServiceKey::new("shop", instance, "web");
    /// let first = registry.get_or_allocate(Claim::new(web("main")?).with_prefer(vite))?;
    /// let second = registry.get_or_allocate(Claim::new(web("feature")?).with_prefer(vite))?;
    /// assert_eq!(first.port, vite);
    /// assert_ne!(second.port, vite);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_prefer(self, port: Port) -> Claim {
        Claim {
            prefer: Some(port),
            ..self
        }
    }

    /// Leaves these ports to others: a claim gets none of them, unless it [names](Self::with_port) or
    /// [prefers](Self::with_prefer) one. It fails with [`NoFreePort`](crate::Error::NoFreePort) if no other port is
    /// available.
    #[must_use]
    pub fn with_avoided_ports(self, ports: impl IntoIterator<Item = Port>) -> Claim {
        let mut avoided_ports: Vec<Port> = ports.into_iter().collect();
        avoided_ports.sort_unstable();
        avoided_ports.dedup();
        Claim {
            avoided_ports,
            ..self
        }
    }

    /// Records the root of the checkout that the service belongs to. A relative path is resolved against the current
    /// folder.
    ///
    /// # Errors
    ///
    /// Returns [`DirError`] if the path cannot be recorded.
    pub fn with_dir(self, dir: impl AsRef<Path>) -> Result<Claim, DirError> {
        let dir = Some(CheckoutPath::of(dir)?);
        Ok(Claim { dir, ..self })
    }

    /// Records this time as the time of the allocation, for an allocation that is imported from another registry. It
    /// has no effect if the service holds a port already.
    #[must_use]
    pub fn with_created_at(self, time: Timestamp) -> Claim {
        Claim {
            created_at: Some(time),
            ..self
        }
    }

    /// Records the source of the claim's app and instance.
    ///
    /// If they were detected in the [checkout](Self::with_dir), the claim is for the service of that checkout, which
    /// may have other labels. Otherwise the claim is for this service key alone.
    #[must_use]
    pub fn with_label_origin(self, label_origin: LabelOrigin) -> Claim {
        Claim {
            label_origin,
            ..self
        }
    }

    /// Names the instance to use in place of a detected one that another checkout has.
    ///
    /// # Errors
    ///
    /// Returns [`NameError`] if the name is invalid.
    pub fn with_marked_instance(self, instance: impl AsRef<str>) -> Result<Claim, NameError> {
        let key = self.key.with_instance(instance.as_ref())?;
        let marked_instance = Some(key.instance().to_owned());
        Ok(Claim {
            marked_instance,
            ..self
        })
    }

    /// Names the checkout, for an allocation that is imported from another registry. It has no effect if the checkout has
    /// a name already, or if the service holds a port.
    #[must_use]
    pub fn with_checkout_name(self, name: CheckoutName) -> Claim {
        Claim {
            checkout_name: Some(name),
            ..self
        }
    }

    /// Chooses the treatment of a port that a process listens on already. It has no effect on a claim on
    /// [any port](Self::new), which only gets a port that is not in use.
    #[must_use]
    pub fn with_listener_policy(self, listener_policy: ListenerPolicy) -> Claim {
        Claim {
            listener_policy,
            ..self
        }
    }

    /// Returns the service that claims a port.
    pub fn key(&self) -> &ServiceKey {
        &self.key
    }

    /// Returns the claimed port, or `None` if the claim does not name it.
    pub fn port(&self) -> Option<Port> {
        self.port
    }

    /// Returns the preferred port, or `None` if no port is preferred.
    pub fn prefer(&self) -> Option<Port> {
        self.prefer
    }

    /// Returns the ports that are left to others, in ascending order.
    pub fn avoided_ports(&self) -> &[Port] {
        &self.avoided_ports
    }

    /// Returns the absolute root of the checkout to record, or `None` to record none.
    pub fn dir(&self) -> Option<&CheckoutPath> {
        self.dir.as_ref()
    }

    /// Returns the time of the allocation, or `None` for the current time.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.created_at
    }

    /// Returns the source of the app and the instance.
    pub fn label_origin(&self) -> LabelOrigin {
        self.label_origin
    }

    /// Returns the instance to use in place of a detected one that another checkout has.
    pub fn marked_instance(&self) -> Option<&str> {
        self.marked_instance.as_deref()
    }

    /// Returns the name that the checkout gets if it has none, or `None` for the labels of its first allocation.
    pub fn checkout_name(&self) -> Option<&CheckoutName> {
        self.checkout_name.as_ref()
    }

    /// Returns the treatment of a port that a process listens on already.
    pub fn listener_policy(&self) -> ListenerPolicy {
        self.listener_policy
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::Claim;
    use crate::types::checkout_path::{DirError, MAX_DIR_LEN};
    use crate::types::service_key::ServiceKey;

    fn recorded(dir: impl AsRef<Path>) -> Result<PathBuf, DirError> {
        let claim = Claim::new(ServiceKey::new("shop", "main", "web").unwrap());
        let claim = claim.with_dir(dir)?;
        Ok(claim.dir().unwrap().to_path_buf())
    }

    #[test]
    fn a_checkout_is_recorded_by_its_absolute_path() {
        let here = std::env::current_dir().unwrap();
        let inside = here.join("shop");
        assert_eq!(recorded("shop"), Ok(inside.clone()));
        assert_eq!(recorded(&inside), Ok(inside));
    }

    #[test]
    fn a_path_that_cannot_be_recorded_is_refused() {
        assert_eq!(recorded(""), Err(DirError::Empty));
        assert_eq!(recorded("/a\0b"), Err(DirError::Null));
        let longest = format!("/{}", "x".repeat(MAX_DIR_LEN - 1));
        assert!(recorded(&longest).is_ok());
        assert_eq!(recorded(longest + "x"), Err(DirError::TooLong));
        #[cfg(unix)]
        {
            use std::ffi::OsStr;
            use std::os::unix::ffi::OsStrExt;
            let latin_1 = Path::new(OsStr::from_bytes(b"/caf\xe9"));
            assert_eq!(recorded(latin_1), Err(DirError::NotUtf8));
        }
    }
}
