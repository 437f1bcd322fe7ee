//! `portctl scan`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::env;
use std::io;
use std::path::Path;

use port_registry::{Allocation, Checkout, Claim, Filter, Listener, Port, PortStatus};
use serde::Serialize;

use super::{Done, Outcome, door};
use crate::args::Scan as Args;
use crate::conflict;
use crate::door::Door;
use crate::failure::{Failure, Report};
use crate::names::Names;
use crate::output;
use crate::scan::{self, Finding, Kind, Note, Scan};
use crate::table::Columns;
use crate::taken::{Place, Taken};
use crate::variables;
use crate::visible::{json, visible};
use crate::wording;

const COLUMNS: Columns = Columns {
    headings: &["SERVICE", "PORT", "FILE", "REGISTRY", "SYSTEM"],
    names: &[0, 2, 3, 4],
    needed: 4,
};

/// A finding, and what the registry and the system say of its port.
#[derive(Debug, Serialize)]
struct Known<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    registry: Standing,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<Allocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listener: Option<Listener>,
}

/// Whose a port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Standing {
    Free,
    Yours,
    Taken,
}

pub(super) fn run(args: Args) -> Outcome {
    let path = args.path.as_deref().unwrap_or(Path::new("."));
    // The names are those of the project that is scanned.
    let folder = if path.is_dir() {
        path
    } else {
        path.parent()
            .filter(|it| *it != Path::new(""))
            .unwrap_or(Path::new("."))
    };
    let names = Names::new(args.app, args.instance).in_folder(folder);
    let scan = scan::scan(path, &scan::environment(env::vars_os()))
        .map_err(|error| Report::new(format!("cannot scan {}: {error}", path.display())))?;
    let door = door()?;
    let registered = if args.register {
        Some(register(&*door, &names, &scan.findings)?)
    } else {
        None
    };
    let known = look_up(&*door, &names, &scan.findings)?;
    let printed = if args.json {
        output::print_json(&known)
    } else {
        print(path, &known)
    };
    Ok(Done::Printed(printed.and_then(|()| {
        remark(&scan.notes, args.json)?;
        match registered {
            Some(new) if !args.json => tell_registered(new, &scan),
            _ => Ok(()),
        }
    })))
}

/// Allocates what was found, but for guesses, and tells how many of them are new.
fn register(door: &dyn Door, names: &Names, findings: &[Finding]) -> Result<usize, Failure> {
    let certain: Vec<&Finding> = findings.iter().filter(|it| !it.guess).collect();
    let claims = certain.iter().map(|finding| claim(names, finding));
    let claims = claims.collect::<Result<Vec<Claim>, Failure>>()?;
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
    if conflicts.is_empty() {
        conflict::get_or_allocate(door, &claims)?;
        return Ok(new);
    }
    Err(refusal(conflicts, claims.len()).into())
}

fn claim(names: &Names, finding: &Finding) -> Result<Claim, Failure> {
    let claim = names
        .claim(&finding.service)
        .map_err(|failure| match failure {
            // It was not typed.
            Failure::Usage(problem) => {
                Report::new(format!("{}:{}: {problem}", finding.file, finding.line)).into()
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
    match place {
        Place::Held(holder) => {
            let told = what(&format!("is allocated to {}", wording::holder(holder)));
            conflict::of_holder(door, &told, holder.clone()).hint(way_round(claim, finding, holder))
        }
        Place::OtherPort(holder) => {
            let (held, id) = (holder.port, holder.id);
            let told = what(&format!(
                "cannot be had: it has port {held} already (id {id})"
            ));
            let free = wording::release(holder);
            conflict::of_holder(door, &told, holder.clone()).hint(format!("{free} frees that"))
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
    if (key.app(), key.instance()) == (own.app(), own.instance()) {
        let service = own.service();
        return format!("it is this project's already, as {service}: {free} frees it");
    }
    if holder.is_of_gone_checkout() {
        return format!("{free} frees it: its folder is gone");
    }
    let port = finding.port;
    let quoted = wording::quoted(&finding.service);
    match finding.kind {
        Kind::Compose | Kind::Procfile | Kind::Package => format!(
            "write ${{{}:-{port}}} for {port} there, and start it by `portctl run --service {quoted} -- \
             COMMAND`, with a port of its own",
            variables::name_of(&finding.service)
        ),
        Kind::Devcontainer | Kind::Dotenv => {
            format!("`portctl get {quoted}` gives it a port of its own, to write there")
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

/// What the registry and the system say of each port.
fn look_up<'a>(
    door: &dyn Door,
    names: &Names,
    findings: &'a [Finding],
) -> Result<Vec<Known<'a>>, Failure> {
    let mut statuses: HashMap<Port, PortStatus> = HashMap::new();
    let mut known = Vec::with_capacity(findings.len());
    let own = Own::of(names);
    for finding in findings {
        let port = finding.port;
        if let Entry::Vacant(entry) = statuses.entry(port) {
            entry.insert(door.check(port)?);
        }
        let status = statuses.get(&port).cloned();
        let (holder, listener) = status.map_or((None, None), |it| (it.holder, it.listener));
        known.push(Known {
            finding,
            registry: match &holder {
                None => Standing::Free,
                Some(holder) if own.has(holder) => Standing::Yours,
                Some(_) => Standing::Taken,
            },
            holder,
            listener,
        });
    }
    Ok(known)
}

/// What is this project's own.
struct Own<'a> {
    /// `None` where there are no names for it.
    filter: Option<Filter>,
    checkout: Option<&'a Checkout>,
}

impl Own<'_> {
    fn of(names: &Names) -> Own<'_> {
        let filter = names.filter_of_instance().ok();
        Own {
            checkout: filter.as_ref().and_then(|it| names.checkout_of(it)),
            filter,
        }
    }

    /// Whether an allocation is of this app and instance, and not of another checkout of the same names.
    fn has(&self, holder: &Allocation) -> bool {
        let is_other = |it: &Checkout| holder.is_of_other_checkout(&it.root);
        self.filter.as_ref().is_some_and(|it| it.matches(holder))
            && !self.checkout.is_some_and(is_other)
    }
}

fn print(path: &Path, known: &[Known]) -> io::Result<()> {
    if known.is_empty() {
        let path = path.display().to_string();
        return output::remark(&format!("no fixed ports found in {}", visible(&path)));
    }
    let rows: Vec<Vec<Cow<str>>> = known.iter().map(row).collect();
    output::print_rows(&COLUMNS, &rows)
}

fn row<'a>(known: &'a Known) -> Vec<Cow<'a, str>> {
    let finding = known.finding;
    let place = format!("{}:{}", finding.file, finding.line);
    let guess = if finding.guess { " (a guess)" } else { "" };
    let registry = match (known.registry, &known.holder) {
        (Standing::Free, _) | (_, None) => format!("free{guess}"),
        (Standing::Yours, Some(holder)) if holder.key.service() == finding.service => {
            format!("yours{guess}")
        }
        (Standing::Yours, Some(holder)) => format!("yours, as {}{guess}", holder.key.service()),
        (Standing::Taken, Some(holder)) => format!("taken by {}{guess}", holder.key),
    };
    let system = match &known.listener {
        Some(listener) => format!("in use{}", wording::by(listener)),
        None => "not in use".to_owned(),
    };
    vec![
        visible(&finding.service),
        Cow::from(finding.port.to_string()),
        Cow::from(visible(&place).into_owned()),
        Cow::from(visible(&registry).into_owned()),
        Cow::from(visible(&system).into_owned()),
    ]
}

/// Tells what could not be followed, beside the results.
fn remark(notes: &[Note], as_json: bool) -> io::Result<()> {
    notes.iter().try_for_each(|note| {
        if as_json {
            return output::remark(&json(note)?);
        }
        let line = note
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        output::remark(&visible(&format!("{}{line}: {}", note.file, note.text)))
    })
}

fn tell_registered(new: usize, scan: &Scan) -> io::Result<()> {
    let certain = scan.findings.iter().filter(|it| !it.guess).count();
    let guesses = scan.findings.len() - certain;
    let mut told = format!("registered {new}");
    if certain > new {
        told = format!("{told}, {} were registered already", certain - new);
    }
    if guesses > 0 {
        told = format!(
            "{told}, and no guesses ({guesses}): `portctl allocate --service NAME --port N --adopt` \
             registers one"
        );
    }
    output::remark(&told)
}
