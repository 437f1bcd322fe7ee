//! Registers the ports that a scan has found: all of them or none.

use std::path::Path;

use port_registry::{Allocation, Claim, Error, ListenerPolicy};

use super::report as conflict;
use crate::backend::submit;
use crate::backend::{Backend, Fault, ItemFault};
use crate::checkout::{Names, Own};
use crate::env_file::variables;
use crate::environment;
use crate::failure::Failure;
use crate::output::wording;
use crate::report::Report;
use crate::scan::{FileKind, FixedPort};

/// Allocates the ports that were found, except guesses: all of them or none. Returns how many of them are new.
/// `path` is the folder or file that was to be scanned, if it was named.
pub(crate) fn register(
    backend: &dyn Backend,
    names: &Names,
    path: Option<&Path>,
    findings: &[FixedPort],
) -> Result<usize, Failure> {
    let certain = findings.iter().filter(|finding| !finding.guess);
    let certain: Vec<&FixedPort> = certain.collect();
    let claims = certain.iter().map(|finding| claim(names, finding));
    let claims: Vec<Claim> = claims.collect::<Result<_, _>>()?;
    let own = names.own();
    let registered = submit(
        &claims,
        |batch| backend.get_or_allocate(batch),
        // It has the port by another name.
        |it| match &it.fault {
            Fault::Registry(Error::PortTaken { holder }) => own.has(holder),
            _ => false,
        },
    )?;
    let mut faults = match registered {
        Ok(claimed) => return Ok(claimed.iter().filter(|(_, it)| it.is_new).count()),
        Err(faults) => faults,
    };
    // By another name of the checkout, all of it is different.
    if faults.iter().any(is_other_checkout) {
        faults.retain(is_other_checkout);
    }
    let mut conflicts = Vec::with_capacity(faults.len());
    for ItemFault { index, fault } in faults {
        let Fault::Registry(error) = fault else {
            return Err(fault.into());
        };
        let conflict = Conflict {
            backend,
            own: &own,
            path,
            claim: &claims[index],
            finding: certain[index],
        };
        conflicts.push(conflict.report(error)?);
    }
    Err(refusal(conflicts, claims.len()).into())
}

fn is_other_checkout(it: &ItemFault) -> bool {
    matches!(it.fault, Fault::Registry(Error::OtherCheckout { .. }))
}

fn claim(names: &Names, finding: &FixedPort) -> Result<Claim, Failure> {
    let claim = names
        .claim(&finding.service)
        .map_err(|failure| match failure {
            // It was not typed.
            Failure::Usage(problem) => {
                let FixedPort { file, line, .. } = finding;
                Report::new(format!(
                    "{file}:{line}: {problem}, so nothing was registered"
                ))
                .hint("rename the service there, or scan the other files by their names")
                .into()
            }
            failure => failure,
        })?;
    Ok(claim
        .with_port(finding.port)
        .with_listener_policy(ListenerPolicy::Adopt))
}

/// A port that was found and cannot be registered.
struct Conflict<'a> {
    backend: &'a dyn Backend,
    own: &'a Own<'a>,
    path: Option<&'a Path>,
    claim: &'a Claim,
    finding: &'a FixedPort,
}

impl Conflict<'_> {
    fn report(&self, error: Error) -> Result<Report, Failure> {
        Ok(match error {
            Error::PortTaken { holder } => self.port_taken(*holder),
            Error::ServiceTaken { holder } => {
                match self.backend.check(self.finding.port)?.holder {
                    // Then it would not help to free its own port.
                    Some(other) if self.own.has(&other) => self.both_taken(&holder, other),
                    Some(other) => self.port_taken(other),
                    None => self.other_port(*holder),
                }
            }
            Error::OtherCheckout { holder, wanted } => {
                self.other_checkout(*holder, &wanted.display().to_string())
            }
            error => return Err(error.into()),
        })
    }

    /// A report that says this of the port, and then if something listens on the holder's.
    fn told(&self, problem: &str, holder: Allocation) -> Report {
        let FixedPort {
            file,
            line,
            port,
            service,
            ..
        } = self.finding;
        let problem = format!("{file}:{line}: port {port} of {service} {problem}");
        conflict::of_holder(self.backend, &problem, holder)
    }

    fn port_taken(&self, holder: Allocation) -> Report {
        let problem = format!("is allocated to {}", wording::holder(&holder));
        let hint = way_round(self.claim, self.finding, &holder);
        self.told(&problem, holder).hint(hint)
    }

    /// Another service of the project has the port, and this one has another port.
    fn both_taken(&self, own: &Allocation, holder: Allocation) -> Report {
        let problem = format!(
            "is allocated to {}, and {} has port {} (id {})",
            wording::holder(&holder),
            self.finding.service,
            own.port,
            own.id
        );
        let hint = format!(
            "`portctl release --id {} && portctl release --id {}` frees both, to be registered anew",
            holder.id, own.id
        );
        self.told(&problem, holder).hint(hint)
    }

    fn other_port(&self, holder: Allocation) -> Report {
        let problem = format!(
            "is not available: {} has port {} already",
            wording::holder(&holder),
            holder.port
        );
        let origin = &self.finding.origin;
        let own_variable = variables::name_of(&self.finding.service);
        let hint = match &origin.env_file {
            Some(file) if origin.variables.contains(&own_variable) => {
                let names = conflict::name_flags(self.claim);
                let file = wording::flag("--write", &file.display().to_string());
                format!("`portctl env{names}{file}` gives it the port that it has")
            }
            _ => format!("{} frees that", wording::release(&holder)),
        };
        self.told(&problem, holder).hint(hint)
    }

    fn other_checkout(&self, holder: Allocation, wanted: &str) -> Report {
        let problem = format!(
            "is not available: another checkout of the same names has {}",
            wording::holder(&holder)
        );
        let instance = conflict::own_instance(&holder, wanted);
        let instance = wording::flag("--instance", &instance);
        let there = if self.path.is_some() { "there" } else { "here" };
        let path = self.path.map_or_else(String::new, |path| {
            wording::positional(&path.display().to_string())
        });
        let hint = format!(
            "tell the two apart by an --instance of its own for every command {there}: \
             `portctl scan --register{instance}{path}`"
        );
        self.told(&problem, holder).hint(hint)
    }
}

/// The way for the project to do without a port that another service holds.
fn way_round(claim: &Claim, finding: &FixedPort, holder: &Allocation) -> String {
    if let Some(free) = wording::freeing_if_gone(holder) {
        return free;
    }
    let (port, service, origin) = (finding.port, &finding.service, &finding.origin);
    if let Some(set) = origin.variables.iter().find(|it| environment::is_set(it)) {
        return format!("`unset {set}`: this shell sets it, and so outweighs every file");
    }
    let names = conflict::name_flags(claim);
    let get = format!("portctl get{names}{}", wording::positional(service));
    let variable = variables::name_of(service);
    if !origin.variables.is_empty() && !origin.variables.contains(&variable) {
        let others = origin.variables.join(" or ");
        return format!("set {others} to a port of its own, which `{get}` prints");
    }
    let write = match origin.range {
        _ if !origin.variables.is_empty() => String::new(),
        Some(container) => {
            format!("write ${{{variable}:-{port}}}:{container} beside the range instead, and ")
        }
        None => format!("write ${{{variable}:-{port}}} for {port} there, and "),
    };
    match (finding.kind, &origin.env_file) {
        (FileKind::Compose | FileKind::Procfile, Some(file)) => {
            let file = wording::flag("--write", &file.display().to_string());
            format!("{write}give it a port of its own: `{get} && portctl env{names}{file}`")
        }
        (FileKind::Package, _) => {
            let service = wording::flag("--service", service);
            format!(
                "{write}start it with a port of its own: \
                 `portctl run{names}{service} -- npm run SCRIPT`"
            )
        }
        _ => format!("`{get}` gives it a port of its own, to write there"),
    }
}

/// Reports all conflicts. The first one also fills in the fields of a single one.
fn refusal(mut conflicts: Vec<Report>, claims: usize) -> Report {
    let count = conflicts.len();
    if count == 1 {
        return conflicts.remove(0).prefixed("nothing was registered");
    }
    let report = Report::new(format!(
        "{count} of {claims} ports cannot be registered, so none was"
    ));
    report.conflicts(conflicts)
}
