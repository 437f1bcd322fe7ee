//! Refusals of words that are no plausible names of services.

use super::super::invocation::Invocation;
use crate::command_error::CommandError;
use crate::output::wording;
use crate::report::Report;
use crate::service_name::LikelyMeaning;

/// Refuses one of several words in place of a service, with the command line that is meant.
pub(in crate::command) fn refusal(
    invocation: &Invocation,
    word: &str,
    meaning: &LikelyMeaning,
    words: &[String],
) -> CommandError {
    let is = match meaning {
        LikelyMeaning::Port(port) if port.to_string() != word.trim() => {
            "the address of a port, not the name of a service"
        }
        LikelyMeaning::Port(_) => "a port, not the name of a service",
        LikelyMeaning::Number => {
            "neither the name of a service nor a port, which is from 1 to 65535"
        }
        LikelyMeaning::Range => "a range of ports, not the name of a service",
        LikelyMeaning::Services(names) if names.len() > 1 => "not the name of one service",
        LikelyMeaning::Services(_) | LikelyMeaning::ServiceAndPort(..) => {
            "not the name of a service"
        }
        LikelyMeaning::Key(_) => "an app, an instance and a service",
        LikelyMeaning::All => "no service",
        LikelyMeaning::Address => "an address, not the name of a service",
        LikelyMeaning::Path => "a path, not the name of a service",
    };
    let hint = match invocation.corrected(words) {
        Some(line) => format!("did you mean `{line}`?"),
        None => hint(invocation, word, meaning),
    };
    CommandError::Usage(Report::new(format!("`{word}` is {is}")).hint(hint))
}

/// The hint about a word for which there is no obvious command line.
fn hint(invocation: &Invocation, word: &str, meaning: &LikelyMeaning) -> String {
    let is_file = ![".", ".."].contains(&word) && !word.ends_with('/');
    match meaning {
        LikelyMeaning::Port(port) if invocation.allocates() => format!(
            "`portctl get web --port {port}` allocates it to a service, and `portctl check {port}` shows who has it"
        ),
        LikelyMeaning::Port(port) => format!("`portctl check {port}` shows who has it"),
        LikelyMeaning::Range if invocation.takes_ports() => {
            let first = word.split('-').next().unwrap_or(word);
            format!("name the ports one by one; `portctl check {first}` shows who has the first")
        }
        LikelyMeaning::Range => "PORT_REGISTRY_RANGE limits the ports to choose from: \
                                 `PORT_REGISTRY_RANGE=3000-3999 portctl get web`"
            .to_owned(),
        LikelyMeaning::All if invocation.command == "release" => format!(
            "`{}` shows what is released without a service or a port: all ports of this checkout",
            invocation
                .of("release")
                .with_switch("--dry-run", true)
                .with::<&str>(&[])
        ),
        LikelyMeaning::All => {
            let line = match invocation.command {
                "list" => invocation
                    .of("list")
                    .with_switch("--all", true)
                    .with::<&str>(&[]),
                "env" | "run" | "url" | "wait" => invocation.with::<&str>(&[]),
                _ => invocation.of("list").with::<&str>(&[]),
            };
            format!("did you mean `{line}`?")
        }
        LikelyMeaning::Key([app, instance, service]) => {
            let named = Invocation::new(invocation.command, Some(app), Some(instance));
            format!(
                "did you mean `{}`?",
                named.like(invocation).with(&[service])
            )
        }
        LikelyMeaning::Path if invocation.command == "env" && is_file => {
            format!(
                "did you mean `portctl env --write {}`?",
                wording::quoted(word)
            )
        }
        LikelyMeaning::Number if invocation.takes_ports() => {
            "ports are numbers from 1 to 65535; `portctl list` shows those of this checkout"
                .to_owned()
        }
        LikelyMeaning::Path => {
            "portctl works on the checkout of the current folder; change to that folder first"
                .to_owned()
        }
        LikelyMeaning::Services(_) | LikelyMeaning::ServiceAndPort(..)
            if !invocation.allocates() && word.trim() != "-" =>
        {
            let line = invocation.with_flags(&[word.to_owned()]);
            format!("if that is the name of a service: `{line}`")
        }
        LikelyMeaning::Address
        | LikelyMeaning::Number
        | LikelyMeaning::Services(_)
        | LikelyMeaning::ServiceAndPort(..) => {
            let line = invocation.with(&["web"]);
            format!("name a service, as in `{line}`")
        }
    }
}
