//! Reports of services that have no port.

use super::super::invocation::Invocation;
use crate::checkout::Here;
use crate::command_error::CommandError;
use crate::declared::Declarations;
use crate::report::Report;
use crate::service_name::{LikelyMeaning, likely_meaning};
use crate::suggestion;

/// Reports that a service has no port, and suggests a service of a similar name.
pub(in crate::command) fn report(
    invocation: &Invocation,
    here: &Here,
    service: &str,
) -> Result<Report, CommandError> {
    let service = service.trim();
    let problem = if here.typed().are_given() {
        format!("{} has no port", here.key(service)?)
    } else {
        format!("{service} has no port in this checkout")
    };
    let others = here.current()?;
    // They are suggestions only, so a project file with a mistake does not stop it.
    let declared = here.declarations().ok().flatten();
    let declared = declared.map(Declarations::names).unwrap_or_default();
    let services = others.iter().map(|it| it.key.service());
    let services = services.chain(declared.iter().map(String::as_str));
    let services = services.filter(|it| *it != service);
    let list = "`portctl list --all` shows all allocations";
    let hint = match suggestion::closest(service, services) {
        Some(service) => format!("did you mean `{}`?", invocation.with(&[service])),
        None => match likely_meaning(service) {
            Some(LikelyMeaning::Port(port)) => format!("did you mean `portctl check {port}`?"),
            Some(_) => list.to_owned(),
            None if invocation.command == "release" => list.to_owned(),
            None => {
                let get = invocation.of("get").with(&[service]);
                format!("`{get}` gives it one, and {list}")
            }
        },
    };
    Ok(Report::new(problem).hint(hint))
}
