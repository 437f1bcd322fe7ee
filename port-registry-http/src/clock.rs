//! The system's clock, as far as HTTP can express it: the years 1970 to 9999.
//!
//! actix-http has a task that reads the clock twice a second. It panics at any other time, and then its time stays
//! the same for good. So nothing relies on it: `Connection` limits times by the monotonic clock, and responses get their
//! date here.

use std::time::{Duration, SystemTime};

use actix_web::http::header::{HeaderValue, HttpDate};

/// The last second of the year 9999, since 1970.
const LAST: Duration = Duration::from_secs(253_402_300_799);

/// Tests if the clock shows a time that actix-http can start with.
pub(crate) fn is_in_range() -> bool {
    let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    time.is_ok_and(|time| time <= LAST)
}

/// Returns the value of a `Date` header: the current time, or the nearest one that it can express.
pub(crate) fn date() -> Option<HeaderValue> {
    HeaderValue::from_str(&date_text()).ok()
}

/// Returns the value of [`date`] for a head that is written out.
pub(crate) fn date_text() -> String {
    date_of(SystemTime::now())
}

fn date_of(time: SystemTime) -> String {
    let time = time.duration_since(SystemTime::UNIX_EPOCH);
    let time = SystemTime::UNIX_EPOCH + time.unwrap_or_default().min(LAST);
    HttpDate::from(time).to_string()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{LAST, date_of};

    #[test]
    fn any_time_has_a_date() {
        let epoch = SystemTime::UNIX_EPOCH;
        let day = Duration::from_secs(24 * 60 * 60);
        let first = "Thu, 01 Jan 1970 00:00:00 GMT";
        let last = "Fri, 31 Dec 9999 23:59:59 GMT";
        for (time, date) in [
            (epoch, first),
            (epoch - day, first),
            (epoch + day, "Fri, 02 Jan 1970 00:00:00 GMT"),
            (epoch + LAST, last),
            (epoch + LAST + day, last),
        ] {
            assert_eq!(date_of(time), date);
        }
    }
}
