//! Command lines to suggest. None of them is a wrong one itself.

use std::ffi::OsString;

use port_registry::{Port, ServiceKey};

use super::definition::{Command, PROGRAM};
use super::syntax::{Syntax, parse_words};
use super::words::Words;
use crate::output::wording;
use crate::service_name::{likely_meaning, meaning_of_word};

/// Asks for a command line. Returns `None` if portctl would refuse it.
pub(super) fn did_you_mean(line: &[OsString]) -> Option<String> {
    is_accepted(line).then(|| format!("did you mean `{}`?", shown(line)))
}

/// The words with one of them replaced by others.
pub(super) fn replaced(typed: &[OsString], at: usize, by: &[&str]) -> Vec<OsString> {
    let by = by.iter().map(OsString::from);
    let mut line = typed.to_vec();
    if at < line.len() {
        line.splice(at..=at, by);
    }
    line
}

/// The words of a command line of portctl.
pub(super) fn words_of(line: &[&str]) -> Vec<OsString> {
    line.iter().map(OsString::from).collect()
}

/// Returns true if a word may be the name of a service, and is no word of another kind.
pub(super) fn may_be_service(word: &str) -> bool {
    // Only the service matters.
    meaning_of_word(word).is_none() && ServiceKey::new("app", "instance", word).is_ok()
}

fn shown(line: &[OsString]) -> String {
    let words = line.iter().map(|it| it.to_string_lossy());
    let words = words.map(|it| format!(" {}", wording::quoted(&it)));
    format!("{PROGRAM}{}", words.collect::<String>())
}

fn is_accepted(line: &[OsString]) -> bool {
    let mut words = Words::default();
    match parse_words(&mut words, line.to_vec()) {
        Ok(Syntax::Command(command)) => is_complete(&command, words.program.as_deref()),
        Ok(Syntax::Version | Syntax::Help) => true,
        Err(_) => false,
    }
}

/// Returns true if a command has the services and the ports that it needs, and no words of other kinds.
fn is_complete(command: &Command, program: Option<&[OsString]>) -> bool {
    match command {
        Command::Get(args) => {
            let count = number_of_services(&args.words, &args.service);
            count.is_some_and(|it| it == 1 || (it > 1 && args.port.is_none()))
        }
        Command::Allocate(args) => {
            let is_one = number_of_services(&args.words, &args.service) == Some(1);
            is_one && (args.port.is_some() || !args.adopt)
        }
        Command::Env(args) => number_of_services(&args.words, &args.service).is_some(),
        Command::Run(args) => {
            let services = number_of_services(&args.words, &args.service);
            services.is_some() && program.is_some_and(|it| !it.is_empty())
        }
        Command::Check(args) => {
            let count = args.words.len() + args.service.len() + usize::from(args.port.is_some());
            count == 1 && are_services_or_ports(&args.words)
        }
        Command::List(args) => are_services_or_ports(&args.words),
        Command::Release(args) => {
            let is_one = args.id.is_none() || args.words.is_empty();
            is_one && are_services_or_ports(&args.words)
        }
        _ => true,
    }
}

/// Returns `None` if a word is no service, or if the services are named in both ways.
fn number_of_services(words: &[String], flags: &[String]) -> Option<usize> {
    let are_services = words.iter().all(|it| may_be_service(it))
        && flags.iter().all(|it| likely_meaning(it).is_none());
    let is_one_way = words.is_empty() || flags.is_empty();
    (are_services && is_one_way).then(|| words.len() + flags.len())
}

fn are_services_or_ports(words: &[String]) -> bool {
    let mut words = words.iter();
    words.all(|it| it.parse::<Port>().is_ok() || may_be_service(it))
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, words_of};

    #[test]
    fn only_complete_command_lines_are_suggested() {
        for line in [
            &["get", "web"][..],
            &["get", "web", "api"],
            &["get", "web", "-p", "3000"],
            &["check", "3000"],
            &["list"],
            &["run", "--", "true"],
            &["list", "-h"],
            &["release", "3000", "web"],
        ] {
            let words = words_of(line);
            let expected = format!("did you mean `portctl {}`?", line.join(" "));
            assert_eq!(did_you_mean(&words), Some(expected));
        }
        for line in [
            &["get"][..],
            &["get", "70000"],
            &["get", ""],
            &["get", "a b"],
            &["get", "web", "-s", "api"],
            &["get", "web", "api", "-p", "3000"],
            &["check"],
            &["check", "3000", "4000"],
            &["list", "-ef"],
            &["run", "web"],
            &["allocate", "web", "--adopt"],
            &["nope"],
        ] {
            assert_eq!(did_you_mean(&words_of(line)), None, "{line:?}");
        }
    }
}
