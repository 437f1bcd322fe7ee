//! `portctl open`.

use std::slice;
use std::time::Duration;

use port_registry::Allocation;

use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::servers::server_report::{described, foreign, silence};
use super::services::claiming::print_notes;
use super::services::named;
use super::services::selected;
use crate::args::OpenArgs;
use crate::backend::{self, Backend};
use crate::browser;
use crate::checkout::{Here, TypedLabels};
use crate::output;
use crate::report::Report;
use crate::server::look;
use crate::service_url::HostName;
use crate::whose::Whose;

/// Time limit for a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

pub(crate) fn run(args: OpenArgs) -> CommandResult {
    let invocation = Invocation::new("open", args.app.as_deref(), args.instance.as_deref())
        .with_switch("--site", args.site);
    let services = named::services(&invocation, args.words, args.service)?;
    let service = named::one_service(&invocation, &services)?;
    let typed = TypedLabels::new(args.app, args.instance)?;
    let backend = backend::open()?;
    let here = Here::new(&*backend, typed);
    let allocation = selected::allocation(&here, &invocation, &service)?;
    let mut notes = here.notes_of_others(slice::from_ref(&allocation))?;
    let root = allocation.dir.as_deref();
    let server = look(&*backend, allocation.port, root, CONNECT_LIMIT)?;
    let silent = || not_running(&*backend, &invocation, &allocation);
    let Some(server) = server else {
        return Err(silent().into());
    };
    match &server.owner {
        Whose::Foreign(_) => return Err(foreign(&invocation, &allocation, &server).into()),
        _ if server.addresses.is_empty() => return Err(silent().into()),
        Whose::Ours | Whose::Nobody => {}
        Whose::Unknown(_) | Whose::Daemon => notes.push(described(&allocation, &server)),
    }
    print_notes(&notes);
    let host = if args.site {
        HostName::Site
    } else {
        HostName::Shared
    };
    let url = host.url_of(&allocation);
    match browser::open(&url) {
        Ok(()) => Ok(Done::Printed(output::print(&format!("opened {url}")))),
        Err(report) => {
            // Without a browser, the URL is still useful to the caller.
            output::print(&url).ok();
            Err(report.into())
        }
    }
}

fn not_running(backend: &dyn Backend, invocation: &Invocation, allocation: &Allocation) -> Report {
    let service = [allocation.key.service()];
    let (wait, open) = (
        invocation.of("wait").with(&service),
        invocation.with(&service),
    );
    let silence = silence(backend, allocation);
    let start = format!("start it; `{wait} && {open}` waits for it");
    Report::new(silence.problem)
        .holder(allocation.clone())
        .hint(silence.cause.step(&start))
}
