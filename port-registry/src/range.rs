//! Ranges of ports.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::port::Port;

/// The ports from a first to a last one, both included. [Displays](fmt::Display) and
/// [parses](FromStr) as `3000-3999`.
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
    /// Every port there is, 1-65535.
    pub const ALL: PortRange = PortRange {
        first: Port::MIN,
        last: Port::MAX,
    };

    /// Makes a range of its two ends.
    ///
    /// # Errors
    ///
    /// [`PortRangeError`] when `first` is greater than `last`.
    pub fn new(first: Port, last: Port) -> Result<PortRange, PortRangeError> {
        if first <= last {
            Ok(PortRange { first, last })
        } else {
            Err(PortRangeError(()))
        }
    }

    /// The lowest port of the range.
    pub fn first(self) -> Port {
        self.first
    }

    /// The highest port of the range.
    pub fn last(self) -> Port {
        self.last
    }

    /// Whether `port` lies in the range.
    pub fn contains(self, port: Port) -> bool {
        (self.first..=self.last).contains(&port)
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

/// What was given is not a range of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a port range is two ports from 1 to 65535, the lower one first, like 3000-3999")]
pub struct PortRangeError(());
