//! TCP port numbers.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use thiserror::Error;

/// A TCP port that a service can listen on: 1 to 65535.
///
/// Port 0 is excluded, because a socket takes it to mean "any free port" (RFC 6335, section 6).
///
/// ```
/// use port_registry::Port;
///
/// let port: Port = "5432".parse()?;
/// assert_eq!(port.get(), 5432);
/// assert!(Port::new(0).is_err());
/// # Ok::<(), port_registry::PortError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "u16", into = "u16"))]
pub struct Port(NonZeroU16);

impl Port {
    /// The lowest port, 1.
    pub const MIN: Port = Port(NonZeroU16::MIN);
    /// The highest port, 65535.
    pub const MAX: Port = Port(NonZeroU16::MAX);

    /// Makes a port from a number.
    ///
    /// # Errors
    ///
    /// Returns [`PortError`] for 0.
    pub const fn new(number: u16) -> Result<Port, PortError> {
        match NonZeroU16::new(number) {
            Some(number) => Ok(Port(number)),
            None => Err(PortError(())),
        }
    }

    /// Returns the URL of a server on this machine that speaks HTTP on the port: `http://localhost:3000`.
    pub fn url(self) -> String {
        format!("http://localhost:{self}")
    }

    /// Returns the port's number.
    pub const fn get(self) -> u16 {
        self.0.get()
    }
}

impl TryFrom<u16> for Port {
    type Error = PortError;

    fn try_from(number: u16) -> Result<Port, PortError> {
        Port::new(number)
    }
}

impl From<Port> for u16 {
    fn from(port: Port) -> u16 {
        port.get()
    }
}

impl FromStr for Port {
    type Err = PortError;

    fn from_str(text: &str) -> Result<Port, PortError> {
        text.parse().map(Port).map_err(|_| PortError(()))
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The error for a number or text that is not a [`Port`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("port must be between 1 and 65535")]
pub struct PortError(());
