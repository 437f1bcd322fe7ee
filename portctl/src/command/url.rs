//! `portctl url`.

use port_registry::{Allocation, Port};
use serde::Serialize;

use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::service_lines::service_lines;
use super::services::claiming::{Got, print_notes};
use super::services::named;
use super::services::selected;
use crate::args::UrlArgs;
use crate::backend;
use crate::checkout::{Here, TypedLabels};
use crate::output;
use crate::service_url::HostName;

/// A service and its URL, as `--json` prints it.
#[derive(Debug, Serialize)]
struct ServiceUrl<'a> {
    service: &'a str,
    port: Port,
    url: String,
}

pub(crate) fn run(args: UrlArgs) -> CommandResult {
    let invocation = Invocation::new("url", args.app.as_deref(), args.instance.as_deref())
        .with_switch("--site", args.site)
        .with_switch("--json", args.json);
    let services = named::services(&invocation, args.words, args.service)?;
    let typed = TypedLabels::new(args.app, args.instance)?;
    let backend = backend::open()?;
    let here = Here::new(&*backend, typed);
    let got = selected::allocations(&*backend, &here, &invocation, &services)?;
    let Got { allocations, notes } = got;
    let host = if args.site {
        HostName::Site
    } else {
        HostName::Shared
    };
    let urls: Vec<ServiceUrl> = allocations.iter().map(|it| url_of(it, host)).collect();
    Ok(Done::Printed(if args.json {
        output::print_json(&urls)
    } else {
        print_notes(&notes);
        let lines = if services.is_empty() {
            let urls: Vec<(&str, String)> =
                urls.into_iter().map(|it| (it.service, it.url)).collect();
            service_lines(&urls)
        } else {
            urls.into_iter().map(|it| it.url).collect()
        };
        output::print_lines(&lines.join("\n"))
    }))
}

fn url_of(allocation: &Allocation, host: HostName) -> ServiceUrl<'_> {
    ServiceUrl {
        service: allocation.key.service(),
        port: allocation.port,
        url: host.url_of(allocation),
    }
}
