//! Ranges of ports.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::types::port::Port;

/// A range of ports that includes both ends. It [displays](fmt::Display) and [parses](FromStr) as `3000-3999`.
///
/// ```
/// use port_registry::PortRange;
///
/// let range: PortRange = "3000-3999".parse()?;
/// assert_eq!(range.first().get(), 3000);
/// assert!("3999-3000".parse::<PortRange>().is_err());
/// # Ok::<(), port_registry::PortRangeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PortRange {
    first: Port,
    last: Port,
}

impl PortRange {
    /// All ports, 1-65535.
    pub const ALL: PortRange = PortRange {
        first: Port::MIN,
        last: Port::MAX,
    };

    /// Makes a range from its lowest and its highest port.
    ///
    /// # Errors
    ///
    /// Returns [`PortRangeError`] if `first` is greater than `last`.
    pub const fn new(first: Port, last: Port) -> Result<PortRange, PortRangeError> {
        if first.get() <= last.get() {
            Ok(PortRange { first, last })
        } else {
            Err(PortRangeError(()))
        }
    }

    /// Returns the lowest port of the range.
    pub const fn first(self) -> Port {
        self.first
    }

    /// Returns the highest port of the range.
    pub const fn last(self) -> Port {
        self.last
    }

    /// Tests if `port` is in the range.
    pub const fn contains(self, port: Port) -> bool {
        self.first.get() <= port.get() && port.get() <= self.last.get()
    }
}

impl FromStr for PortRange {
    type Err = PortRangeError;

    fn from_str(text: &str) -> Result<PortRange, PortRangeError> {
        let (first, last) = text.split_once('-').ok_or(PortRangeError(()))?;
        let end = |text: &str| text.trim().parse().map_err(|_| PortRangeError(()));
        PortRange::new(end(first)?, end(last)?)
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// The error for two ports or a text that are not a [`PortRange`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a port range is two ports from 1 to 65535, the lower one first, like 3000-3999")]
pub struct PortRangeError(());
