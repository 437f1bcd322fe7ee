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
    meaning_of_word(word).is_none() && is_name(word)
}

fn is_name(service: &str) -> bool {
    ServiceKey::new("app", "instance", service).is_ok()
}

/// The command line, quoted for a shell.
pub(super) fn shown(line: &[OsString]) -> String {
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
        Command::Env(args) => {
            // JSON is a format, and none that is written to files.
            let is_one_format = !args.json || (args.format.is_none() && args.write.is_none());
            is_one_format && number_of_services(&args.words, &args.service).is_some()
        }
        Command::Url(args) => number_of_services(&args.words, &args.service).is_some(),
        Command::Wait(args) => number_of_services(&args.words, &args.service).is_some(),
        Command::Open(args) => number_of_services(&args.words, &args.service) == Some(1),
        Command::Run(args) => {
            let services = number_of_services(&args.words, &args.service);
            let program = program.and_then(|it| it.first());
            let is_variable = |it: &OsString| it.to_string_lossy().contains('=');
            services.is_some() && program.is_some_and(|it| !is_variable(it))
        }
        Command::Check(args) => {
            let count = args.words.len() + args.service.len() + usize::from(args.port.is_some());
            // A port is the same for all apps and instances.
            let has_labels = args.app.is_some() || args.instance.is_some();
            let is_port = args.words.iter().all(|it| it.parse::<Port>().is_ok());
            let is_service = !args.service.is_empty() || !is_port;
            let is_plain = is_one_way(&args.words, &args.service, args.port);
            count == 1 && is_plain && (is_service || !has_labels)
        }
        Command::Move(args) => {
            let is_one = args.words.len() + args.service.len() == 1;
            let is_plain = is_one_way(&args.words, &args.service, None);
            is_one && is_plain && (args.port.is_some() || !args.adopt)
        }
        Command::List(args) => is_one_way(&args.words, &args.service, args.port),
        Command::Release(args) => match args.id {
            Some(_) => args.words.is_empty() && args.service.is_empty() && args.port.is_none(),
            None => is_one_way(&args.words, &args.service, args.port),
        },
        _ => true,
    }
}

/// Returns `None` if a word is no service, or if the services are named in both ways.
fn number_of_services(words: &[String], flags: &[String]) -> Option<usize> {
    let are_services = words.iter().all(|it| may_be_service(it))
        && flags
            .iter()
            .all(|it| likely_meaning(it).is_none() && is_name(it));
    let is_one_way = words.is_empty() || flags.is_empty();
    (are_services && is_one_way).then(|| words.len() + flags.len())
}

/// Returns true if all words are services or ports, and none of either kind is also named by its flag.
fn is_one_way(words: &[String], flags: &[String], port: Option<Port>) -> bool {
    let is_port = |it: &&String| it.parse::<Port>().is_ok();
    let (ports, services): (Vec<&String>, Vec<&String>) = words.iter().partition(is_port);
    let are_services = services.iter().all(|it| may_be_service(it));
    let has_one_kind = services.is_empty() || flags.is_empty();
    let are_names = flags.iter().all(|it| is_name(it));
    are_services && are_names && has_one_kind && (ports.is_empty() || port.is_none())
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
            &["check", "web", "--app", "shop"],
            &["list"],
            &["run", "--", "true"],
            &["list", "-h"],
            &["move", "web", "-p", "3000"],
            &["move", "3000"],
            &["release", "3000", "web"],
            &["release", "3000", "-s", "web"],
            &["list", "web", "-p", "3000"],
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
            &["check", "3000", "--app", "shop"],
            &["list", "-s", ""],
            &["run", "--", "PORT=1", "true"],
            &["list", "-ef"],
            &["list", "web", "-s", "api"],
            &["release", "3000", "-p", "3000"],
            &["release", "--id", "1", "web"],
            &["run", "web"],
            &["allocate", "web", "--adopt"],
            &["nope"],
        ] {
            assert_eq!(did_you_mean(&words_of(line)), None, "{line:?}");
        }
    }
}
