//! Who a port belongs to: a service of an instance of an app.

use std::fmt;

use thiserror::Error;

/// The three names that make a service unique in the registry: app, instance and service.
///
/// Each is trimmed of Unicode white space, must not be empty, holds no control characters and is
/// at most [`MAX_NAME_LEN`] bytes of UTF-8 long.
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

/// The greatest length of a name, in bytes of UTF-8.
pub const MAX_NAME_LEN: usize = 255;

impl ServiceKey {
    /// Makes a key of its three names, trimmed.
    ///
    /// # Errors
    ///
    /// [`NameError`] says which of the names is not one, and why.
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

    /// The project.
    pub fn app(&self) -> &str {
        &self.app
    }

    /// The checkout or variant of the project.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// The thing that listens.
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

/// One of the names of a [`ServiceKey`] cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the {field} name {fault}")]
pub struct NameError {
    field: &'static str,
    fault: NameFault,
}

impl NameError {
    /// Which name it is: `app`, `instance` or `service`.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// What is wrong with it.
    pub fn fault(&self) -> NameFault {
        self.fault
    }
}

/// What can be wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameFault {
    /// Nothing is left of it once white space is trimmed.
    #[error("must not be empty")]
    Empty,
    /// It is longer than [`MAX_NAME_LEN`] bytes.
    #[error("must be at most {MAX_NAME_LEN} bytes long")]
    TooLong,
    /// It holds a control character, such as a line break.
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
    fn a_name_needs_one_character_that_is_not_white_space() {
        assert_eq!(fault("\u{2003} \t"), Some(NameFault::Empty));
    }

    #[test]
    fn a_name_may_be_255_bytes_long_but_not_256() {
        assert_eq!(fault(&"é".repeat(127)), None);
        assert_eq!(fault(&"a".repeat(MAX_NAME_LEN)), None);
        assert_eq!(fault(&"é".repeat(128)), Some(NameFault::TooLong));
    }

    #[test]
    fn a_name_holds_no_control_characters() {
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
