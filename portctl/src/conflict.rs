//! Who stands in the way of a claim, and the one command that leads on.

use std::path::Path;

use port_registry::{Allocation, Claim, Error, Port};

use crate::door::{Door, Fault};
use crate::failure::Report;
use crate::wording;

/// Gives each service the port that it has, or else a new one. What stands in the way is told.
pub(crate) fn get_or_allocate(
    door: &dyn Door,
    claims: &[Claim],
) -> Result<Vec<Allocation>, Report> {
    let allocations = door.get_or_allocate(claims);
    allocations.map_err(|fault| report(door, claims, fault))
}

/// Tells of a fault that claims have met. Of a conflict, with what listens on the port.
pub(crate) fn report(door: &dyn Door, claims: &[Claim], fault: Fault) -> Report {
    let Fault::Registry(error) = fault else {
        return fault.into();
    };
    match error {
        Error::PortTaken { holder } => {
            let what = format!(
                "port {} is already allocated to {}",
                holder.port,
                wording::holder(&holder)
            );
            let free = wording::release(&holder);
            let hint = if holder.is_of_gone_checkout() {
                format!("{free} frees it: its folder is gone")
            } else {
                format!(
                    "leave --port out for the next free port, or free this one by {free} if it is \
                     not needed"
                )
            };
            of_holder(door, &what, *holder).hint(hint)
        }
        Error::ServiceTaken { holder } => {
            let (what, hint) = service_taken(&holder, claim_of(claims, &holder));
            of_holder(door, &what, *holder).hint(hint)
        }
        Error::OtherCheckout { holder, wanted } => other_checkout(door, *holder, &wanted),
        Error::PortInUse { port } => {
            let listener = door.check(port).ok().and_then(|status| status.listener);
            let by = listener.as_ref().map_or_else(String::new, wording::by);
            let claim = claims.iter().find(|it| it.wanted_port() == Some(port));
            let report = Report::new(format!(
                "port {port} is in use on this system{by}, and not allocated"
            ));
            let adopt = claim.map_or_else(String::new, |claim| adopting(claim, port));
            report.listener(listener).hint(format!(
                "if that is the service itself, {adopt} registers it; otherwise leave --port out for \
                 the next free port"
            ))
        }
        error => error.into(),
    }
}

/// Tells that a service's port belongs to another checkout than the one with this root.
pub(crate) fn other_checkout(door: &dyn Door, holder: Allocation, wanted: &str) -> Report {
    let dir = holder.dir.as_deref().unwrap_or_default();
    let what = format!(
        "{} belongs to the checkout {dir}, not to {wanted}: it has port {} (id {})",
        holder.key, holder.port, holder.id
    );
    let hint = format!(
        "tell the two apart by an --instance of its own for every command here: \
         `portctl get --instance {} {}`",
        wording::quoted(&other_instance(&holder, wanted)),
        wording::quoted(holder.key.service())
    );
    of_holder(door, &what, holder).hint(hint)
}

/// A name for the checkout with this root, which comes out with the name of another one: that of its
/// folder, if it helps.
fn other_instance(holder: &Allocation, wanted: &str) -> String {
    let instance = holder.key.instance();
    let folder = Path::new(wanted).file_name().and_then(|it| it.to_str());
    let other_folder = holder.dir.as_deref().map(Path::new);
    let is_telling = |folder: &&str| {
        *folder != instance && other_folder.and_then(Path::file_name) != Some((*folder).as_ref())
    };
    match folder.filter(is_telling) {
        Some(folder) => folder.to_owned(),
        None => format!("{instance}-2"),
    }
}

/// What there is to say of a service that has a port already, and the way on.
fn service_taken(holder: &Allocation, claim: Option<&Claim>) -> (String, String) {
    let dir = match &holder.dir {
        Some(dir) => format!(", of {dir}"),
        None => String::new(),
    };
    let what = format!(
        "{} already has port {} (id {}{dir})",
        holder.key, holder.port, holder.id
    );
    let hint = match claim.and_then(Claim::wanted_port) {
        Some(port) => format!(
            "{} frees it, so that the service can have port {port}",
            wording::release(holder)
        ),
        None => format!(
            "`portctl get{} {}` prints the port that it has",
            claim.map_or_else(String::new, names_of),
            wording::quoted(holder.key.service())
        ),
    };
    (what, hint)
}

/// The command that registers a service that runs already.
fn adopting(claim: &Claim, port: Port) -> String {
    format!(
        "`portctl allocate{} --service {} --port {port} --adopt`",
        names_of(claim),
        wording::quoted(claim.key().service())
    )
}

/// The flags that name the app and the instance, where they are not those of the current folder.
fn names_of(claim: &Claim) -> String {
    match claim.checkout() {
        Some(_) => String::new(),
        None => format!(
            " --app {} --instance {}",
            wording::quoted(claim.key().app()),
            wording::quoted(claim.key().instance())
        ),
    }
}

/// The claim of the service that the allocation is of.
fn claim_of<'a>(claims: &'a [Claim], holder: &Allocation) -> Option<&'a Claim> {
    claims.iter().find(|claim| *claim.key() == holder.key)
}

/// The report of an allocation that stands in the way, with what listens on its port.
pub(crate) fn of_holder(door: &dyn Door, what: &str, holder: Allocation) -> Report {
    let (use_of_it, listener) = match door.check(holder.port) {
        Ok(status) => match status.listener {
            Some(listener) => (
                format!(", and in use{}", wording::by(&listener)),
                Some(listener),
            ),
            None => (", and nothing listens there".to_owned(), None),
        },
        // The conflict is told all the same.
        Err(_) => (String::new(), None),
    };
    let report = Report::new(format!("{what}{use_of_it}"));
    report.holder(holder).listener(listener)
}
