//! Service keys: the owners of ports.

use std::fmt;

use thiserror::Error;

/// A service key has three parts: an app, an instance and a service. It is unique in the registry.
///
/// Each part is a name. Names are trimmed of Unicode white space. They must not be empty or contain control
/// characters, and are at most [`MAX_NAME_LEN`] bytes of UTF-8 long.
///
/// ```
/// use port_registry::ServiceKey;
///
/// let key = ServiceKey::new("shop", "main", "postgres")?;
/// assert_eq!(key.to_string(), "shop/main/postgres");
/// # Ok::<(), port_registry::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "UncheckedKey"))]
pub struct ServiceKey {
    app: String,
    instance: String,
    service: String,
}

/// The maximum length of a name, in bytes of UTF-8.
pub const MAX_NAME_LEN: usize = 255;

impl ServiceKey {
    /// Makes a key from its three names, which are trimmed.
    ///
    /// # Errors
    ///
    /// Returns [`NameError`], which says which name is invalid and why.
    pub fn new(
        app: impl AsRef<str>,
        instance: impl AsRef<str>,
        service: impl AsRef<str>,
    ) -> Result<ServiceKey, NameError> {
        Ok(ServiceKey {
            app: checked("app", app.as_ref())?,
            instance: checked("instance", instance.as_ref())?,
            service: checked("service", service.as_ref())?,
        })
    }

    /// Makes a key with another instance.
    pub(crate) fn with_instance(&self, instance: &str) -> Result<ServiceKey, NameError> {
        ServiceKey::new(&self.app, instance, &self.service)
    }

    /// Returns the app: the project.
    pub fn app(&self) -> &str {
        &self.app
    }

    /// Returns the instance: the checkout or variant of the project.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// Returns the service: the part of the project that listens on a port.
    pub fn service(&self) -> &str {
        &self.service
    }
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.app, self.instance, self.service)
    }
}

fn checked(field: &'static str, name: &str) -> Result<String, NameError> {
    let name = name.trim();
    let fault = if name.is_empty() {
        NameFault::Empty
    } else if name.len() > MAX_NAME_LEN {
        NameFault::TooLong
    } else if name.chars().any(char::is_control) {
        NameFault::ControlCharacter
    } else {
        return Ok(name.to_owned());
    };
    Err(NameError { field, fault })
}

/// The error for an invalid name in a [`ServiceKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the {field} name {fault}")]
pub struct NameError {
    field: &'static str,
    fault: NameFault,
}

impl NameError {
    /// Returns the part that the name is for: `app`, `instance` or `service`.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// Returns the reason why the name is invalid.
    pub fn fault(&self) -> NameFault {
        self.fault
    }
}

/// The reason why a name is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameFault {
    /// The name is empty after trimming.
    #[error("must not be empty")]
    Empty,
    /// The name is longer than [`MAX_NAME_LEN`] bytes.
    #[error("must be at most {MAX_NAME_LEN} bytes long")]
    TooLong,
    /// The name contains a control character, such as a line break.
    #[error("must hold no control characters")]
    ControlCharacter,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct UncheckedKey {
    app: String,
    instance: String,
    service: String,
}

#[cfg(feature = "serde")]
impl TryFrom<UncheckedKey> for ServiceKey {
    type Error = NameError;

    fn try_from(key: UncheckedKey) -> Result<ServiceKey, NameError> {
        ServiceKey::new(key.app, key.instance, key.service)
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_NAME_LEN, NameFault, ServiceKey};

    fn fault(name: &str) -> Option<NameFault> {
        ServiceKey::new("app", "main", name)
            .err()
            .map(|error| error.fault())
    }

    #[test]
    fn names_are_trimmed_of_unicode_white_space() {
        let key = ServiceKey::new("\u{3000}shop\n", "\tmain ", "\u{a0}web").unwrap();
        assert_eq!(key.to_string(), "shop/main/web");
    }

    #[test]
    fn a_name_of_white_space_is_empty() {
        assert_eq!(fault("\u{2003} \t"), Some(NameFault::Empty));
    }

    #[test]
    fn a_name_may_be_255_bytes_long_but_not_256() {
        assert_eq!(fault(&"é".repeat(127)), None);
        assert_eq!(fault(&"a".repeat(MAX_NAME_LEN)), None);
        assert_eq!(fault(&"é".repeat(128)), Some(NameFault::TooLong));
    }

    #[test]
    fn control_characters_in_a_name_are_refused() {
        for name in ["a\nb", "a\0b", "a\u{1b}[31mb", "a\u{85}b"] {
            assert_eq!(fault(name), Some(NameFault::ControlCharacter), "{name:?}");
        }
    }

    #[test]
    fn the_error_names_the_field() {
        let error = ServiceKey::new("app", "", "web").unwrap_err();
        assert_eq!(error.field(), "instance");
        assert_eq!(error.to_string(), "the instance name must not be empty");
    }
}
