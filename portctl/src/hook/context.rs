//! The text about the services of a checkout that Claude Code adds to the context of its agent.

use std::path::Path;

use port_registry::{AllocationStatus, ServiceState};

use crate::backend;
use crate::checkout::{Here, TypedLabels};
use crate::command_error::CommandError;
use crate::declared::Declarations;
use crate::output::{visible, wording};

/// Limit for the number of services, because the text takes room in the context of the agent.
const MAX_SERVICES: usize = 40;

/// Describes the services of the checkout of a folder. Returns `None` if it has none and declares none. Never changes
/// the registry.
pub(crate) fn of_folder(folder: &Path) -> Result<Option<String>, CommandError> {
    let backend = backend::open()?;
    let typed = TypedLabels::new(None, None)?;
    let here = Here::new(&*backend, typed).in_folder(folder);
    let declared = here.declarations()?;
    let names = declared.map(Declarations::names).unwrap_or_default();
    let allocations = here.current()?;
    if declared.is_none() && allocations.is_empty() {
        return Ok(None);
    }
    let has_port = |name: &String| allocations.iter().any(|it| it.key.service() == name);
    let missing: Vec<&str> = names
        .iter()
        .filter(|it| !has_port(it))
        .map(|it| &**it)
        .collect();
    let root = here.checkout()?.root().display().to_string();
    let statuses = backend.status(allocations)?;
    Ok(Some(text(
        &visible(&root),
        &statuses,
        &missing,
        declared.is_some(),
    )))
}

fn text(root: &str, services: &[AllocationStatus], missing: &[&str], is_declared: bool) -> String {
    let mut lines = vec![format!(
        "port-registry gives each service of this checkout ({root}) a port of its own; portctl is its command."
    )];
    let shown = services.iter().take(MAX_SERVICES);
    lines.extend(shown.map(|it| {
        let name = visible(it.allocation.key.service());
        format!("- {name}: {}, {}", it.url, state(it.state))
    }));
    if services.len() > MAX_SERVICES {
        lines.push(format!(
            "- {} more; `portctl list` shows them",
            services.len() - MAX_SERVICES
        ));
    }
    if !missing.is_empty() {
        let names = missing.iter().take(MAX_SERVICES).copied();
        let names = names.map(visible).collect::<Vec<_>>().join(", ");
        lines.push(format!(
            "Without a port: {names}. Run `portctl sync` first."
        ));
    }
    let example = services.first().map(|it| it.allocation.key.service());
    let example = example.or(missing.first().copied()).unwrap_or("web");
    let example = visible(&wording::service(example)).into_owned();
    let all = if is_declared { "" } else { &*example };
    lines.push(format!(
        "Start a service with `portctl run SERVICE -- COMMAND`, as in `portctl run{example} -- npm run dev`, which gives the command its port. \
         Run tests and scripts that reach services under `portctl run{all} -- COMMAND`. \
         Never copy a port into a file or a command: `portctl url SERVICE` prints the URL, and `portctl list` shows the state."
    ));
    lines.join("\n")
}

fn state(state: ServiceState) -> &'static str {
    match state {
        ServiceState::Up => "running",
        ServiceState::Foreign => "taken by a process of another checkout",
        ServiceState::Unknown => "something listens, perhaps not this checkout's",
        ServiceState::Down | _ => "not running",
    }
}
