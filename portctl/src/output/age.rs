//! Ages, as tables on a terminal show times.

use port_registry::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The number of days up to which a time is shown as an age.
const MAX_DAYS: u64 = 30;

/// Describes a time by its age, such as `5 min ago`. Older times, and times after `now`, which a clock that was set back
/// leaves behind, are shown as their date in UTC.
pub(super) fn age(time: Timestamp, now: Timestamp) -> String {
    let passed = now.unix_seconds().checked_sub(time.unix_seconds());
    match passed {
        Some(..MINUTE) => "just now".to_owned(),
        Some(passed @ ..HOUR) => format!("{} min ago", passed / MINUTE),
        Some(passed @ ..DAY) => format!("{} h ago", passed / HOUR),
        Some(passed) if passed < 2 * DAY => "1 day ago".to_owned(),
        Some(passed) if passed / DAY <= MAX_DAYS => format!("{} days ago", passed / DAY),
        Some(_) | None => date(time),
    }
}

fn date(time: Timestamp) -> String {
    let mut text = time.to_string();
    let end = text.find('T').unwrap_or(text.len());
    text.truncate(end);
    text
}

#[cfg(test)]
mod tests {
    use port_registry::Timestamp;

    use super::{DAY, HOUR, MINUTE, age};

    #[test]
    fn times_of_the_last_thirty_days_are_shown_as_ages() {
        let now: Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
        for (passed, expected) in [
            (0, "just now"),
            (MINUTE - 1, "just now"),
            (MINUTE, "1 min ago"),
            (5 * MINUTE + 59, "5 min ago"),
            (HOUR - 1, "59 min ago"),
            (HOUR, "1 h ago"),
            (DAY - 1, "23 h ago"),
            (DAY, "1 day ago"),
            (2 * DAY - 1, "1 day ago"),
            (2 * DAY, "2 days ago"),
            (31 * DAY - 1, "30 days ago"),
            (31 * DAY, "2026-10-29"),
            (now.unix_seconds(), "1970-01-01"),
        ] {
            let time = Timestamp::from_unix_seconds(now.unix_seconds() - passed).unwrap();
            assert_eq!(age(time, now), expected, "{passed}");
        }
    }

    #[test]
    fn times_in_the_future_are_shown_as_dates() {
        let now: Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
        for (time, expected) in [
            ("2026-11-29T12:00:01Z", "2026-11-29"),
            ("2026-11-30T12:00:00Z", "2026-11-30"),
            ("9999-12-31T23:59:59Z", "9999-12-31"),
        ] {
            assert_eq!(age(time.parse().unwrap(), now), expected);
        }
    }
}
