//! Refusals of words that are no plausible names of services.

use super::invocation::Invocation;
use crate::command_error::CommandError;
use crate::report::Report;
use crate::service_name::{LikelyMeaning, meaning_of_word};

/// Refuses a word in place of a service, with the command line that is meant.
pub(super) fn refusal(invocation: &Invocation, word: &str, words: &[String]) -> CommandError {
    let Some(meaning) = meaning_of_word(word) else {
        return CommandError::usage(format!("unexpected argument `{word}`"));
    };
    let is = match &meaning {
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
        LikelyMeaning::All => "no service",
        LikelyMeaning::Path => "a path, not the name of a service",
    };
    let hint = hint(invocation, &meaning, words);
    CommandError::Usage(Report::new(format!("`{word}` is {is}")).hint(hint))
}

fn hint(invocation: &Invocation, meaning: &LikelyMeaning, words: &[String]) -> String {
    let line = match meaning {
        LikelyMeaning::Port(port) => {
            let mut names = words.iter().filter(|it| meaning_of_word(it).is_none());
            match (names.next(), names.next()) {
                (Some(name), None) if invocation.allocates() => invocation.with_port(name, *port),
                _ if invocation.allocates() => {
                    return format!(
                        "`portctl get web --port {port}` allocates it to a service, and `portctl check {port}` \
                         shows who has it"
                    );
                }
                _ => return format!("`portctl check {port}` shows who has it"),
            }
        }
        LikelyMeaning::ServiceAndPort(name, port) => invocation.with_port(name, *port),
        LikelyMeaning::Services(names) if !names.is_empty() => invocation.with_all(names),
        LikelyMeaning::Number | LikelyMeaning::Services(_) => {
            return format!("name a service, as in `{}`", invocation.with(&["web"]));
        }
        LikelyMeaning::Range => {
            return "PORT_REGISTRY_RANGE limits the ports to choose from: \
                    `PORT_REGISTRY_RANGE=3000-3999 portctl get web`"
                .to_owned();
        }
        LikelyMeaning::All => match invocation.command {
            "list" => format!("{} --all", invocation.with::<&str>(&[])),
            "env" | "release" | "run" => invocation.with::<&str>(&[]),
            _ => invocation.of("list").with::<&str>(&[]),
        },
        LikelyMeaning::Path => {
            return "portctl works on the checkout of the current folder; change to that folder first"
                .to_owned();
        }
    };
    format!("did you mean `{line}`?")
}
