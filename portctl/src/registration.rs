//! Registering what a scan has found: all of it or nothing.

use std::path::Path;

use port_registry::{Allocation, Claim};

use crate::backend::Backend;
use crate::conflict;
use crate::environment;
use crate::failure::{Failure, Report};
use crate::names::{Names, Own};
use crate::scan::{Finding, Kind};
use crate::taken::{Met, Taken, claim_all};
use crate::variables;
use crate::wording;

/// Allocates what was found, but for guesses, and tells how many of them are new. `path` is what was to be
/// scanned, if it was named.
pub(crate) fn register(
    backend: &dyn Backend,
    names: &Names,
    path: Option<&Path>,
    findings: &[Finding],
) -> Result<usize, Failure> {
    let certain = findings.iter().filter(|finding| !finding.guess);
    let wanted = certain.map(|finding| Ok((finding, claim(names, finding)?)));
    let wanted = wanted.collect::<Result<Vec<(&Finding, Claim)>, Failure>>()?;
    let own = names.own();
    let choose = |held: &[Allocation]| {
        let mut taken = Taken::by(held);
        let mut claims = Vec::new();
        let mut conflicts = Vec::new();
        let mut new = 0;
        for (finding, claim) in &wanted {
            match taken.meet(claim) {
                Met::Free => {
                    new += 1;
                    claims.push(claim.clone());
                }
                Met::Own => claims.push(claim.clone()),
                // It has it by another name.
                Met::Held { holder, own: None } if own.has(holder) => {}
                met => {
                    let is_other = matches!(met, Met::OtherCheckout(_));
                    let report = in_the_way(backend, &own, claim, path, finding, met);
                    conflicts.push((is_other, report));
                }
            }
        }
        // By another name of the checkout, all of it is different.
        if conflicts.iter().any(|(is_other, _)| *is_other) {
            conflicts.retain(|(is_other, _)| *is_other);
        }
        let conflicts: Vec<Report> = conflicts.into_iter().map(|(_, report)| report).collect();
        if conflicts.is_empty() {
            Ok((claims, new))
        } else {
            Err(refusal(conflicts, wanted.len()).into())
        }
    };
    let (_, new) = claim_all(backend, choose)?;
    Ok(new)
}

fn claim(names: &Names, finding: &Finding) -> Result<Claim, Failure> {
    let claim = names
        .claim(&finding.service)
        .map_err(|failure| match failure {
            // It was not typed.
            Failure::Usage(problem) => {
                let Finding { file, line, .. } = finding;
                Report::new(format!(
                    "{file}:{line}: {problem}, so nothing was registered"
                ))
                .hint("rename the service there, or scan the other files by their names")
                .into()
            }
            failure => failure,
        })?;
    Ok(claim.port(finding.port).adopt())
}

fn in_the_way(
    backend: &dyn Backend,
    project: &Own,
    claim: &Claim,
    path: Option<&Path>,
    finding: &Finding,
    met: Met,
) -> Report {
    let (port, service) = (finding.port, &finding.service);
    let what = |told: &str| {
        let (file, line) = (&finding.file, finding.line);
        format!("{file}:{line}: port {port} of {service} {told}")
    };
    let of = |told: &str, holder: &Allocation, hint: String| {
        conflict::of_holder(backend, &what(told), holder.clone()).hint(hint)
    };
    match met {
        Met::Held {
            holder,
            own: Some(own),
        } if project.has(holder) => {
            let told = format!(
                "is allocated to {}, and {service} has port {} (id {})",
                wording::holder(holder),
                own.port,
                own.id
            );
            let (one, other) = (holder.id, own.id);
            let hint = format!(
                "`portctl release --id {one} && portctl release --id {other}` frees both, to be \
                 registered anew"
            );
            of(&told, holder, hint)
        }
        Met::Held { holder, .. } => {
            let told = format!("is allocated to {}", wording::holder(holder));
            of(&told, holder, way_round(claim, finding, holder))
        }
        Met::OtherPort(holder) => {
            let held = format!(
                "is not available: {} has port {} already",
                wording::holder(holder),
                holder.port
            );
            let own_variable = variables::name_of(service);
            let hint = match &finding.origin.env_file {
                Some(file) if finding.origin.variables.contains(&own_variable) => {
                    let names = conflict::name_flags(claim);
                    let file = wording::flag("--write", &file.display().to_string());
                    format!("`portctl env{names}{file}` gives it the port that it has")
                }
                _ => format!("{} frees that", wording::release(holder)),
            };
            of(&held, holder, hint)
        }
        Met::OtherCheckout(holder) => {
            let told = format!(
                "is not available: another checkout of the same names has {}",
                wording::holder(holder)
            );
            let wanted = claim.checkout().unwrap_or_default();
            let instance = conflict::own_instance(holder, wanted);
            let instance = wording::flag("--instance", &instance);
            let there = if path.is_some() { "there" } else { "here" };
            let path = path.map_or_else(String::new, |path| {
                wording::positional(&path.display().to_string())
            });
            let hint = format!(
                "tell the two apart by an --instance of its own for every command {there}: \
                 `portctl scan --register{instance}{path}`"
            );
            of(&told, holder, hint)
        }
        Met::ClaimedPort(_) | Met::ClaimedBy(_) | Met::Free | Met::Own => {
            Report::new(what(&format!("is claimed twice, for {}", claim.key())))
        }
    }
}

/// How the project gets on without a port that another service holds.
fn way_round(claim: &Claim, finding: &Finding, holder: &Allocation) -> String {
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
        (Kind::Compose | Kind::Procfile, Some(file)) => {
            let file = wording::flag("--write", &file.display().to_string());
            format!("{write}give it a port of its own: `{get} && portctl env{names}{file}`")
        }
        (Kind::Package, _) => {
            let service = wording::flag("--service", service);
            format!(
                "{write}start it with a port of its own: \
                 `portctl run{names}{service} -- npm run SCRIPT`"
            )
        }
        _ => format!("`{get}` gives it a port of its own, to write there"),
    }
}

/// All conflicts, of which the first stands for the others where one is looked for.
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
