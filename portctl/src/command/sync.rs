//! `portctl sync`.

use std::borrow::Cow;
use std::path::Path;

use port_registry::{Allocation, Port};
use serde::Serialize;

use super::env_files::env_writing::{TrackedFile, WrittenChange};
use super::env_files::kept_files::{self, FileRules, KeptFiles};
use super::env_files::wiring::variables_of_files;
use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::services::claiming::{get_or_allocate_all, print_notes};
use super::services::preferred::notes_of_available;
use crate::args::SyncArgs;
use crate::backend;
use crate::checkout::{Here, TypedLabels};
use crate::command_error::CommandError;
use crate::declared::PROJECT_FILE;
use crate::env_file::{OutsideAssignments, Replaced};
use crate::output::{self, Columns, visible};
use crate::report::Report;
use crate::service_url::HostName;

/// The result, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Synced<'a> {
    services: Vec<SyncedService<'a>>,
    files: Vec<SyncedFile<'a>>,
}

#[derive(Debug, Serialize)]
struct SyncedService<'a> {
    service: &'a str,
    port: Port,
    url: String,
}

#[derive(Debug, Serialize)]
struct SyncedFile<'a> {
    file: &'a str,
    written: bool,
}

const COLUMNS: Columns = Columns {
    headings: &["SERVICE", "PORT", "URL"],
    names: &[0],
    needed: 2,
};

pub(crate) fn run(args: SyncArgs) -> CommandResult {
    let (app, instance) = (args.app.as_deref(), args.instance.as_deref());
    let invocation = Invocation::new("sync", app, instance)
        .with_switch("--replace", args.replace)
        .with_switch("--tracked", args.tracked)
        .with_switch("--json", args.json);
    let rules = FileRules {
        tracked: if args.tracked {
            TrackedFile::Write
        } else {
            TrackedFile::Refuse
        },
        outside: if args.replace {
            OutsideAssignments::CommentOut
        } else {
            OutsideAssignments::Refuse
        },
        printed: Invocation::new("env", app, instance),
        written: invocation,
    };
    let typed = TypedLabels::new(args.app, args.instance)?;
    let backend = backend::open()?;
    let here = Here::new(&*backend, typed);
    let Some(declared) = here.declarations()? else {
        return Err(no_project_file(&here)?.into());
    };
    let paths = kept_files::paths(declared);
    let files = KeptFiles::find(&here, declared, &paths, &rules)?;
    let (mut before, mut allocations) = (Vec::new(), Vec::new());
    let written = files.write(|| {
        let here = Here::new(&*backend, here.typed().clone());
        before = here.current()?;
        let got = get_or_allocate_all(&*backend, &here, &rules.written)?;
        if !args.json {
            print_notes(&got.notes);
        }
        allocations = got.allocations;
        variables_of_files(&here, declared, &allocations)
    })?;
    let (own, others): (Vec<&Allocation>, Vec<&Allocation>) = allocations
        .iter()
        .partition(|it| declared.service(it.key.service()).is_some());
    Ok(Done::Printed(if args.json {
        output::print_json(&Synced {
            services: own.into_iter().map(service).collect(),
            files: written.iter().map(file).collect(),
        })
    } else {
        print_notes(&files.notes_of_moved_ports(&here, &allocations)?);
        let invocation = &rules.written;
        let of_ports = notes_of_available(&*backend, &here, invocation, declared, &before)?;
        print_notes(&of_ports);
        print_notes(note_of_undeclared(&rules.written, &others).as_slice());
        print(&own, &written)
    }))
}

fn print(services: &[&Allocation], files: &[WrittenChange]) -> std::io::Result<()> {
    if services.is_empty() {
        output::remark(
            "portctl.toml declares no services; add some, as in `web = 5173` below [services]",
        )?;
    } else {
        let rows = services.iter().map(|it| {
            let port = Cow::from(it.port.to_string());
            vec![visible(it.key.service()), port, Cow::from(url(it))]
        });
        output::print_rows(&COLUMNS, &rows.collect::<Vec<_>>())?;
    }
    let mut changed = files.iter().filter(|it| it.replaced == Replaced::Written);
    changed.try_for_each(|it| output::print(&it.text))
}

fn service(allocation: &Allocation) -> SyncedService<'_> {
    SyncedService {
        service: allocation.key.service(),
        port: allocation.port,
        url: url(allocation),
    }
}

fn file(written: &WrittenChange) -> SyncedFile<'_> {
    SyncedFile {
        file: &written.shown,
        written: written.replaced == Replaced::Written,
    }
}

fn url(allocation: &Allocation) -> String {
    HostName::Shared.url_of(allocation)
}

/// Names the services that have a port but are not declared, for example because they were taken out of the file.
fn note_of_undeclared(invocation: &Invocation, others: &[&Allocation]) -> Option<String> {
    let names: Vec<&str> = others.iter().map(|it| it.key.service()).collect();
    let listed: Vec<String> = others
        .iter()
        .map(|it| format!("{} ({})", it.key.service(), it.port))
        .collect();
    let verb = match others.len() {
        0 => return None,
        1 => "keeps its port",
        _ => "keep their ports",
    };
    Some(format!(
        "not in portctl.toml: {} {verb}, until `{}`",
        listed.join(", "),
        invocation.of("release").with(&names)
    ))
}

fn no_project_file(here: &Here) -> Result<Report, CommandError> {
    let root = here.checkout()?.root().display().to_string();
    if Path::new(&root).join(PROJECT_FILE).is_file() {
        let app = here.app()?;
        return Ok(
            Report::new(format!("{root}/portctl.toml is not of the app {app}"))
                .hint("leave --app and PORT_REGISTRY_APP out, or change to a checkout of that app"),
        );
    }
    print_notes(&here.notes_of_project_files());
    Ok(
        Report::new(format!("there is no portctl.toml in {root}"))
            .hint("`portctl init` writes one"),
    )
}
