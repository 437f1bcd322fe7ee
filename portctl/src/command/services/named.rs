//! The services and ports that a command line names.

use port_registry::{Port, ServiceKey};

use super::super::invocation::Invocation;
use super::refusal::refusal;
use crate::command_error::CommandError;
use crate::report::Report;
use crate::service_name::{LikelyMeaning, meaning_of_word};

/// The services and ports that a command line names, in their order.
#[derive(Debug, Default)]
pub(in crate::command) struct Named {
    pub(in crate::command) services: Vec<String>,
    pub(in crate::command) ports: Vec<Port>,
}

impl Named {
    /// Returns true if neither a service nor a port is named.
    pub(in crate::command) fn is_empty(&self) -> bool {
        self.services.is_empty() && self.ports.is_empty()
    }
}

/// Returns the services that plain words or `--service` name.
///
/// A word that most likely means something else is refused, because it would become a service for good. `--service`
/// names existing services of any name.
pub(in crate::command) fn services(
    invocation: &Invocation,
    words: Vec<String>,
    flagged: Vec<String>,
) -> Result<Vec<String>, CommandError> {
    let mut meanings = words.iter().map(|it| (it, meaning_of_word(it)));
    if let Some((word, Some(meaning))) = meanings.find(|(_, it)| it.is_some()) {
        return Err(refusal(invocation, word, &meaning, &words));
    }
    together(invocation, words, flagged)
}

/// Like [`services`], but a number is a port. `port` is the value of `--port`.
pub(in crate::command) fn services_and_ports(
    invocation: &Invocation,
    words: &[String],
    flagged: Vec<String>,
    port: Option<Port>,
) -> Result<Named, CommandError> {
    let mut ports = Vec::new();
    let mut names = Vec::new();
    for word in words {
        match meaning_of_word(word) {
            Some(LikelyMeaning::Port(port)) => ports.push(port),
            Some(meaning) => return Err(refusal(invocation, word, &meaning, words)),
            None => names.push(word.clone()),
        }
    }
    if port.is_some() && !ports.is_empty() {
        return Err(CommandError::usage(
            "a port is named both with --port and without; name all ports in one way",
        ));
    }
    let services = together(invocation, names, flagged)?;
    Ok(Named { services, ports })
}

/// Returns the only service of a command that takes one.
pub(in crate::command) fn one_service(
    invocation: &Invocation,
    services: &[String],
) -> Result<String, CommandError> {
    match services {
        [service] => Ok(service.clone()),
        [] => Err(no_service(invocation)),
        services => {
            let command = invocation.command;
            let report = Report::new(format!("{command} takes one service"));
            let line = invocation.with_all(services);
            Err(CommandError::Usage(
                report.hint(format!("did you mean `{line}`?")),
            ))
        }
    }
}

/// Reports that no service is named.
pub(in crate::command) fn no_service(invocation: &Invocation) -> CommandError {
    let line = invocation.with(&["web"]);
    CommandError::Usage(
        Report::new("no service is named").hint(format!("name one, as in `{line}`")),
    )
}

fn together(
    invocation: &Invocation,
    words: Vec<String>,
    flagged: Vec<String>,
) -> Result<Vec<String>, CommandError> {
    for service in words.iter().chain(&flagged) {
        // An invalid name matches nothing, and most likely comes from an unset variable.
        if let Err(error) = ServiceKey::new("any", "any", service) {
            return Err(CommandError::usage(error.to_string()));
        }
    }
    if words.is_empty() || flagged.is_empty() {
        return Ok([words, flagged].concat());
    }
    // The parser of the command line does not tell their order, and `get` prints the ports in it.
    let report = Report::new("some services are named with --service, and some without");
    let all = [words, flagged].concat();
    let are_plain = all.iter().all(|it| meaning_of_word(it).is_none());
    let line = if are_plain {
        invocation.with_all(&all)
    } else {
        invocation.with_flags(&all)
    };
    let hint = if are_plain || !invocation.allocates() {
        format!("name all in one way, as in `{line}`")
    } else {
        // A new service may not have such a name.
        "name all in one way".to_owned()
    };
    Err(CommandError::Usage(report.hint(hint)))
}
