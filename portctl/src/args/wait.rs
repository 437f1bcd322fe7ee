//! The arguments of `portctl wait`.

use std::str::FromStr;
use std::time::Duration;

use argh::{ArgsInfo, FromArgs};

use crate::server::HttpPath;

/// Wait until the services of this checkout answer.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "wait",
    help_triggers("-h", "--help", "help"),
    note = "A service answers once its port accepts connections on localhost. With --http, it must also \
            answer a GET request with a status below 500; redirects are not followed. \
            Without a service, the command waits for all declared services, or else for all of this checkout.\n\n\
            A server belongs to a checkout if it was started by `portctl run` there, or if its folder, or that \
            of a process that has started it, such as a shell, is in the checkout. A server whose checkout is \
            unknown, such as Docker's proxy, counts as this checkout's, with a note; with --strict, the command fails instead.",
    example = "{command_name} web && npm test\n\
               {command_name} web api --timeout 120\n\
               {command_name} api --http /health",
    error_code(0, "all of the services answer"),
    error_code(1, "the time limit is over, or the command failed"),
    error_code(2, "the command line is wrong"),
    error_code(3, "another checkout's process listens on one of the ports")
)]
pub(crate) struct WaitArgs {
    /// a service
    #[argh(positional, arg_name = "service")]
    pub(crate) words: Vec<String>,

    /// a service, also by a name such as `my web`; may be given several times
    #[argh(option, short = 's')]
    pub(crate) service: Vec<String>,

    /// how long to wait, in seconds (60); 0 looks once
    #[argh(option, arg_name = "seconds")]
    pub(crate) timeout: Option<WaitTime>,

    /// also wait until a GET request for this path, such as /health, succeeds
    #[argh(option, arg_name = "url-path")]
    pub(crate) http: Option<HttpPath>,

    /// fail if the checkout of a server is unknown
    #[argh(switch)]
    pub(crate) strict: bool,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print the services that answer as a JSON array
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}

/// A time to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WaitTime(pub(crate) Duration);

impl FromStr for WaitTime {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<WaitTime, &'static str> {
        let time = text.trim().parse().ok().map(Duration::try_from_secs_f64);
        match time {
            Some(Ok(time)) => Ok(WaitTime(time)),
            _ => Err("it is a number of seconds, such as 30 or 0.5"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::WaitTime;

    #[test]
    fn times_are_seconds_from_zero_on() {
        for (text, milliseconds) in [("0", 0), ("-0", 0), ("0.25", 250), ("90", 90_000)] {
            let time = WaitTime(Duration::from_millis(milliseconds));
            assert_eq!(text.parse(), Ok(time), "{text}");
        }
        for text in ["", "-1", "soon", "30s", "NaN", "inf", "1e300"] {
            assert!(text.parse::<WaitTime>().is_err(), "{text}");
        }
    }
}
