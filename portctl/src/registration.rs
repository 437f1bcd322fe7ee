//! Registering what a scan has found: all of it or nothing.

use port_registry::{Allocation, Claim, Error, Filter};

use crate::conflict;
use crate::door::{Door, Fault};
use crate::failure::{Failure, Report};
use crate::names::Names;
use crate::scan::{Finding, Kind};
use crate::taken::{Place, Taken};
use crate::variables;
use crate::wording;

/// Allocates what was found, but for guesses, and tells how many of them are new.
pub(crate) fn register(
    door: &dyn Door,
    names: &Names,
    findings: &[Finding],
) -> Result<usize, Failure> {
    /// How often others may be quicker.
    const ROUNDS: usize = 100;
    let certain: Vec<&Finding> = findings.iter().filter(|it| !it.guess).collect();
    let claims = certain.iter().map(|finding| claim(names, finding));
    let claims = claims.collect::<Result<Vec<Claim>, Failure>>()?;
    for _ in 0..ROUNDS {
        let held = door.list(&Filter::default())?;
        let mut taken = Taken::by(&held);
        let mut new = 0;
        let mut conflicts = Vec::new();
        for (claim, finding) in claims.iter().zip(&certain) {
            match taken.place(claim) {
                Place::Free => new += 1,
                Place::Own => {}
                place => conflicts.push(in_the_way(door, claim, finding, place)),
            }
        }
        if !conflicts.is_empty() {
            return Err(refusal(conflicts, claims.len()).into());
        }
        match door.get_or_allocate(&claims) {
            Ok(_) => return Ok(new),
            // Somebody has taken a port or a name just now.
            Err(Fault::Registry(
                Error::PortTaken { .. } | Error::ServiceTaken { .. } | Error::OtherCheckout { .. },
            )) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    Err(Report::new("others allocate the same ports over and over").into())
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

fn in_the_way(door: &dyn Door, claim: &Claim, finding: &Finding, place: Place) -> Report {
    let (port, service) = (finding.port, &finding.service);
    let what = |told: &str| {
        let (file, line) = (&finding.file, finding.line);
        format!("{file}:{line}: port {port} of {service} {told}")
    };
    let of = |told: &str, holder: &Allocation, hint: String| {
        conflict::of_holder(door, &what(told), holder.clone()).hint(hint)
    };
    match place {
        Place::Held(holder) => {
            let told = format!("is allocated to {}", wording::holder(holder));
            of(&told, holder, way_round(claim, finding, holder))
        }
        Place::OtherPort(holder) => {
            let held = format!(
                "cannot be had: {} has port {} already",
                wording::holder(holder),
                holder.port
            );
            let free = wording::release(holder);
            of(&held, holder, format!("{free} frees that"))
        }
        Place::OtherCheckout(holder) => {
            let told = format!(
                "cannot be had: another checkout of the same names has {}",
                wording::holder(holder)
            );
            let wanted = claim.checkout().unwrap_or_default();
            let instance = conflict::free_instance(door, holder, wanted);
            let instance = wording::flag("--instance", &instance);
            let hint = format!(
                "tell the two apart by an --instance of its own for every command here: \
                 `portctl scan --register{instance}`"
            );
            of(&told, holder, hint)
        }
        Place::ClaimedPort(_) | Place::ClaimedBy(_) | Place::Free | Place::Own => {
            Report::new(what(&format!("is claimed twice, for {}", claim.key())))
        }
    }
}

/// How the project gets on without a port that another service holds.
fn way_round(claim: &Claim, finding: &Finding, holder: &Allocation) -> String {
    let free = wording::release(holder);
    let (key, own) = (claim.key(), &holder.key);
    let is_other = |root: &str| holder.is_of_other_checkout(root.as_ref());
    let is_alike = (key.app(), key.instance()) == (own.app(), own.instance());
    if is_alike && !claim.checkout().is_some_and(is_other) {
        let service = own.service();
        return format!("it is this project's already, as {service}: {free} frees it");
    }
    if holder.is_of_gone_checkout() {
        return format!("{free} frees it: its folder is gone");
    }
    let port = finding.port;
    let names = conflict::names_of(claim);
    let get = format!(
        "portctl get{names}{}",
        wording::positional(&finding.service)
    );
    let variable = variables::name_of(&finding.service);
    match finding.kind {
        Kind::Compose | Kind::Procfile => format!(
            "write ${{{variable}:-{port}}} for {port} there, then give it a port of its own: \
             `{get} && portctl env{names} --write .env`"
        ),
        Kind::Package => {
            let service = wording::flag("--service", &finding.service);
            format!(
                "write ${{{variable}:-{port}}} for {port} there, and start it with a port of its own: \
                 `portctl run{names}{service} -- npm run SCRIPT`"
            )
        }
        Kind::Devcontainer | Kind::Dotenv => {
            format!("`{get}` gives it a port of its own, to write there")
        }
    }
}

/// All conflicts, of which the first stands for the others where one is looked for.
fn refusal(mut conflicts: Vec<Report>, claims: usize) -> Report {
    let count = conflicts.len();
    if count == 1 {
        return conflicts.remove(0).after("nothing was registered");
    }
    let report = Report::new(format!(
        "{count} of {claims} ports cannot be registered, so none was"
    ));
    report.conflicts(conflicts)
}
