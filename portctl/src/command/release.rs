//! `portctl release`.

use std::collections::BTreeMap;

use port_registry::{
    Allocation, AllocationId, AllocationStatus, Error, Filter, Port, ServiceState,
};

use super::env_files::file_update::update_files;
use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::services::claiming::{note_of_listener, print_notes};
use super::services::missing;
use super::services::named;
use super::services::named::Named;
use crate::args::ReleaseArgs;
use crate::backend::{self, Backend, BackendError, submit};
use crate::checkout::{Here, TypedLabels};
use crate::command_error::CommandError;
use crate::conflict;
use crate::output::{self, visible, wording};
use crate::report::Report;
use crate::whose::Whose;

/// The number of released ports that are looked at for a server that still runs.
const MAX_LOOKED_AT: usize = 20;

pub(crate) fn run(args: ReleaseArgs) -> CommandResult {
    let invocation = Invocation::new("release", args.app.as_deref(), args.instance.as_deref())
        .with_option("--port", args.port)
        .with_switch("--dry-run", args.dry_run)
        .with_switch("--json", args.json);
    let wanted = named::services_and_ports(&invocation, &args.words, args.service, args.port)?;
    let has_filter = invocation.has_names()
        || args.port.is_some()
        || !wanted.services.is_empty()
        || !wanted.ports.is_empty();
    if args.id.is_some() && has_filter {
        return Err(CommandError::usage(
            "--id names one allocation, so leave the rest out",
        ));
    }
    let must_be_unused = args.id.is_none() && wanted.is_empty() && args.port.is_none() && !args.yes;
    let typed = TypedLabels::new(args.app, args.instance)?;
    let backend = backend::open()?;
    let here = Here::new(&*backend, typed);
    let released = match args.id {
        Some(id) if args.dry_run => vec![by_id(&*backend, id)?],
        Some(id) => vec![backend.release(id)?],
        None => {
            let chosen = chosen(&*backend, &here, &invocation, &wanted, args.port)?;
            if must_be_unused && !args.dry_run {
                refuse_in_use(&*backend, &invocation, &chosen)?;
            }
            if args.dry_run {
                chosen
            } else {
                release_listed(&*backend, &chosen)?
            }
        }
    };
    if released.is_empty() {
        return Err(Report::new("another process has released them already").into());
    }
    let updated = if args.dry_run {
        Vec::new()
    } else {
        update_files(&*backend, here.typed(), released.iter().map(|it| it.port))
    };
    if args.json {
        // Ports that stay in a file would be used.
        print_notes(&updated);
        return Ok(Done::Printed(output::print_json(&released)));
    }
    let (done, verb) = if args.dry_run {
        ("would release", "is")
    } else {
        ("released", "is still")
    };
    let printed = output::print(&describe(done, &released));
    let released = released.iter().take(MAX_LOOKED_AT);
    let mut notes: Vec<String> = released
        .filter_map(|it| note_of_listener(&*backend, it, verb))
        .collect();
    if must_be_unused && args.dry_run && !notes.is_empty() {
        notes.push("`portctl release` needs --yes while something listens".to_owned());
    }
    notes.extend(updated);
    print_notes(&notes);
    Ok(Done::Printed(printed))
}

fn by_id(backend: &dyn Backend, id: AllocationId) -> Result<Allocation, CommandError> {
    let all = backend.list(&Filter::new())?;
    let found = all.into_iter().find(|it| it.id == id);
    Ok(found.ok_or(Error::NotFound { id })?)
}

/// Finds the allocations that the command line names, at least one for each service and port. Without any, finds all of
/// this checkout, or all with the typed labels.
fn chosen(
    backend: &dyn Backend,
    here: &Here,
    invocation: &Invocation,
    wanted: &Named,
    port: Option<Port>,
) -> Result<Vec<Allocation>, CommandError> {
    let mut chosen = BTreeMap::new();
    let mut found = Vec::new();
    if wanted.is_empty() && port.is_none() {
        found = all(backend, here)?;
    }
    for service in &wanted.services {
        found.extend(by_service(backend, here, invocation, service, port)?);
    }
    for port in wanted
        .ports
        .iter()
        .chain(port.iter().filter(|_| wanted.services.is_empty()))
    {
        found.push(by_port(backend, here, invocation, *port)?);
    }
    let notes = here.notes_of_others(&found)?;
    if !invocation.has_switch("--json") {
        print_notes(&notes);
    }
    chosen.extend(found.into_iter().map(|it| (it.id, it)));
    Ok(chosen.into_values().collect())
}

/// Finds all allocations of this checkout, or all with the typed labels, at least one.
fn all(backend: &dyn Backend, here: &Here) -> Result<Vec<Allocation>, CommandError> {
    let found = match here.typed_filter()? {
        Some(filter) => backend.list(&filter)?,
        None => here.all()?,
    };
    if found.is_empty() {
        let report = Report::new(format!("{} has no ports", here.owner()?));
        return Err(report
            .hint("`portctl list --all` shows all allocations")
            .into());
    }
    Ok(found)
}

/// Finds the allocation of a service, or those of all instances of a typed app.
fn by_service(
    backend: &dyn Backend,
    here: &Here,
    invocation: &Invocation,
    service: &str,
    port: Option<Port>,
) -> Result<Vec<Allocation>, CommandError> {
    let mut found = match here.typed_filter()? {
        Some(filter) => backend.list(&filter.with_service(service))?,
        None => here.find(service)?.into_iter().collect(),
    };
    found.retain(|it| port.is_none_or(|port| port == it.port));
    if !found.is_empty() {
        return Ok(found);
    }
    if let Some(port) = port {
        let owner = format!("a service {service} of {}", here.owner()?);
        return Err(report_port(backend, invocation, &owner, port)?.into());
    }
    Err(missing::report(invocation, here, service)?.into())
}

/// Finds the allocation of a port of this checkout or app, or with the typed labels.
fn by_port(
    backend: &dyn Backend,
    here: &Here,
    invocation: &Invocation,
    port: Port,
) -> Result<Allocation, CommandError> {
    let holder = backend.list(&Filter::new().with_port(port))?.pop();
    let app = here.app()?;
    if let Some(holder) = holder {
        let typed = here.typed();
        // The app of a checkout changes with the URL of origin.
        if !typed.are_given() && here.owns(&holder) {
            return Ok(holder);
        }
        let has_labels = holder.key.app() == app
            && typed
                .instance()
                .is_none_or(|instance| instance == holder.key.instance());
        if has_labels && (typed.are_given() || here.is_within_reach(&holder)) {
            return Ok(holder);
        }
        if has_labels {
            return Err(report_other_checkout(backend, invocation, holder).into());
        }
    }
    let owner = match here.typed().instance() {
        Some(instance) => format!("{app}/{instance}"),
        None => app,
    };
    Err(report_port(backend, invocation, &owner, port)?.into())
}

/// Refuses to release all ports at once if something listens on one of them.
fn refuse_in_use(
    backend: &dyn Backend,
    invocation: &Invocation,
    chosen: &[Allocation],
) -> Result<(), CommandError> {
    let mut first = None;
    let mut others = 0;
    for AllocationStatus {
        allocation, state, ..
    } in backend.status(chosen.to_vec())?
    {
        // One look at the system is enough for the processes, but does not see forwarded ports.
        if first.is_some() && state != ServiceState::Down {
            others += 1;
        } else if let Some(served) = backend.check(allocation.port)?.served().cloned() {
            others += usize::from(first.is_some());
            first.get_or_insert((allocation, served));
        }
    }
    let Some((first, served)) = first else {
        return Ok(());
    };
    let others = match others {
        0 => String::new(),
        1 => ", and so is 1 other".to_owned(),
        others => format!(", and so are {others} others"),
    };
    let problem = format!(
        "port {} of {} is {served}{others}; nothing was released",
        first.port, first.key
    );
    let all = invocation
        .of("release")
        .like(invocation)
        .with_switch("--yes", true);
    let all = all.with::<&str>(&[]);
    let hint = match Whose::of(&served, first.dir.as_deref()) {
        Whose::Ours => format!("stop it, or `{all}` releases all the same"),
        _ => format!("`{all}` releases all the same"),
    };
    let report = Report::new(problem).holder(first);
    Err(report.in_use(Some(served)).hint(hint).into())
}

/// Reports that an allocation of this app belongs to another checkout.
fn report_other_checkout(
    backend: &dyn Backend,
    invocation: &Invocation,
    holder: Allocation,
) -> Report {
    let problem = format!(
        "port {} is allocated to {}, not to this checkout",
        holder.port,
        wording::holder(&holder)
    );
    let line = release_by_id(invocation, &holder);
    conflict::report_holder(backend, &problem, holder)
        .hint(format!("run the command there, or `{line}`"))
}

/// The command line that releases an allocation of any app.
fn release_by_id(invocation: &Invocation, allocation: &Allocation) -> String {
    let is_dry_run = invocation.has_switch("--dry-run");
    Invocation::new("release", None, None)
        .with_option("--id", Some(allocation.id))
        .with_switch("--dry-run", is_dry_run)
        .with::<&str>(&[])
}

/// Reports that a port is not allocated to an owner.
fn report_port(
    backend: &dyn Backend,
    invocation: &Invocation,
    owner: &str,
    port: Port,
) -> Result<Report, CommandError> {
    let Some(holder) = backend.list(&Filter::new().with_port(port))?.pop() else {
        return Ok(
            Report::new(format!("port {port} is not allocated")).hint(format!(
                "`portctl check {port}` shows if something listens there"
            )),
        );
    };
    let holds = wording::holder(&holder);
    let problem = format!("port {port} is allocated to {holds}, not to {owner}");
    let hint = if invocation.has_switch("--dry-run") {
        format!("`{}` shows it", release_by_id(invocation, &holder))
    } else {
        conflict::release_hint(&holder)
    };
    Ok(conflict::report_holder(backend, &problem, holder).hint(hint))
}

/// Releases these allocations, all of them or none, and returns them. Those that another process has released since they
/// were listed are left out.
pub(super) fn release_listed(
    backend: &dyn Backend,
    chosen: &[Allocation],
) -> Result<Vec<Allocation>, CommandError> {
    let send = |batch: &[&Allocation]| {
        let ids: Vec<AllocationId> = batch.iter().map(|it| it.id).collect();
        backend.release_all(&ids)
    };
    let released = submit(chosen, send, |it| {
        matches!(it.error, BackendError::Registry(Error::NotFound { .. }))
    })?;
    match released {
        Ok(released) => {
            let released = released.into_iter();
            Ok(released.map(|(index, ())| chosen[index].clone()).collect())
        }
        Err(errors) => Err(match errors.into_iter().next() {
            Some(it) => it.error.into(),
            None => Error::NotApplied.into(),
        }),
    }
}

/// Describes what is done with allocations, one per line.
pub(super) fn describe(done: &str, released: &[Allocation]) -> String {
    let lines: Vec<String> = released
        .iter()
        .map(|it| {
            let key = it.key.to_string();
            format!("{done} port {} of {}", it.port, visible(&key))
        })
        .collect();
    lines.join("\n")
}
