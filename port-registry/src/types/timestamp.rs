//! Points in time as the registry stores and prints them.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use thiserror::Error;

/// A point in time in UTC, in whole seconds. It displays and parses as RFC 3339 with `Z`, such as
/// `2026-11-23T14:18:00Z`.
///
/// ```
/// use port_registry::Timestamp;
///
/// let time: Timestamp = "2026-11-23T14:18:00Z".parse()?;
/// assert_eq!(time.unix_seconds() % 60, 0);
/// # Ok::<(), port_registry::TimestampError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String"))]
pub struct Timestamp {
    /// Seconds since the Unix epoch, at most those of [`Timestamp::MAX`].
    seconds: u64,
}

impl Timestamp {
    /// The last second that RFC 3339 can express, 9999-12-31T23:59:59Z.
    pub const MAX: Timestamp = Timestamp {
        seconds: 253_402_300_799,
    };

    /// Returns the current time. If the clock is set before 1970 or after 9999, returns the nearest valid time.
    pub fn now() -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp {
            seconds: since_epoch.as_secs().min(Self::MAX.seconds),
        }
    }

    /// Makes a time from seconds since the Unix epoch.
    ///
    /// # Errors
    ///
    /// Returns [`TimestampError`] after [`Timestamp::MAX`].
    pub const fn from_unix_seconds(seconds: u64) -> Result<Timestamp, TimestampError> {
        if seconds <= Self::MAX.seconds {
            Ok(Timestamp { seconds })
        } else {
            Err(TimestampError(()))
        }
    }

    /// Returns the seconds since the Unix epoch.
    pub const fn unix_seconds(self) -> u64 {
        self.seconds
    }
}

impl TryFrom<u64> for Timestamp {
    type Error = TimestampError;

    fn try_from(seconds: u64) -> Result<Timestamp, TimestampError> {
        Timestamp::from_unix_seconds(seconds)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(self.seconds);
        humantime::format_rfc3339_seconds(time).fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Timestamp, TimestampError> {
        humantime::parse_rfc3339(text)
            .ok()
            .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
            .ok_or(TimestampError(()))
            .and_then(|since_epoch| Timestamp::from_unix_seconds(since_epoch.as_secs()))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl TryFrom<String> for Timestamp {
    type Error = TimestampError;

    fn try_from(text: String) -> Result<Timestamp, TimestampError> {
        text.parse()
    }
}

/// The error for a text or a number of seconds that is not a [`Timestamp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a time is written like 2026-11-23T14:18:00Z")]
pub struct TimestampError(());

#[cfg(test)]
mod tests {
    use super::{Timestamp, TimestampError};

    #[test]
    fn every_valid_time_displays_and_parses() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (Timestamp::MAX.seconds, "9999-12-31T23:59:59Z"),
        ] {
            let time = Timestamp::from_unix_seconds(seconds).unwrap();
            assert_eq!(time.to_string(), text);
            assert_eq!(text.parse(), Ok(time));
        }
        assert_eq!(
            Timestamp::from_unix_seconds(Timestamp::MAX.seconds + 1),
            Err(TimestampError(()))
        );
    }
}
