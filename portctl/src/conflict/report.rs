//! Reports of the holder that a claim conflicts with, and of the one command that leads on.

use std::env;
use std::path::Path;

use port_registry::{Allocation, Checkout, Claim, Error, Filter, Port, ServiceKey};

use crate::backend::{Backend, Fault, ItemFault};
use crate::checkout::Names;
use crate::failure::Failure;
use crate::fnv;
use crate::output::wording;
use crate::report::Report;

/// Gives each service the port that it has, or else a new one. Reports the first conflict.
pub(crate) fn get_or_allocate(
    backend: &dyn Backend,
    claims: &[Claim],
) -> Result<Vec<Allocation>, Report> {
    let claims: Vec<&Claim> = claims.iter().collect();
    match backend.get_or_allocate(&claims)? {
        Ok(claimed) => Ok(claimed.into_iter().map(|it| it.allocation).collect()),
        Err(faults) => Err(report_first(backend, &claims, faults)),
    }
}

/// Gives a port to a service that has none, or reports the conflict.
pub(crate) fn allocate(backend: &dyn Backend, claim: &Claim) -> Result<Allocation, Report> {
    let claims = [claim];
    match backend.allocate(&claims)? {
        Ok(allocated) => allocated
            .into_iter()
            .next()
            .ok_or_else(|| Error::NotApplied.into()),
        Err(faults) => Err(report_first(backend, &claims, faults)),
    }
}

/// Reports the first fault of a batch of claims.
fn report_first(backend: &dyn Backend, claims: &[&Claim], faults: Vec<ItemFault>) -> Report {
    match faults.into_iter().next() {
        Some(ItemFault { index, fault }) => report(backend, claims[index], fault),
        None => Error::NotApplied.into(),
    }
}

/// Reports the fault of a claim; a conflict together with the process that listens on the port.
fn report(backend: &dyn Backend, claim: &Claim, fault: Fault) -> Report {
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
            let hint = wording::freeing_if_gone(&holder).unwrap_or_else(|| {
                let free = wording::release(&holder);
                format!(
                    "leave --port out for a free port, or free this one by {free} if it is not needed"
                )
            });
            of_holder(backend, &what, *holder).hint(hint)
        }
        Error::ServiceTaken { holder } => {
            let (what, hint) = service_taken(backend, &holder, claim);
            of_holder(backend, &what, *holder).hint(hint)
        }
        Error::OtherCheckout { holder, wanted } => {
            other_checkout(backend, *holder, &wanted.display().to_string())
        }
        Error::PortInUse { port } => {
            let listener = backend.check(port).ok().and_then(|status| status.listener);
            let by = listener.as_ref().map_or_else(String::new, wording::by);
            let report = Report::new(format!(
                "port {port} is in use on this system{by}, and not allocated"
            ));
            let adopt = adopting(claim, port);
            report.listener(listener).hint(format!(
                "if that is the service itself, `{adopt}` registers it; otherwise leave --port out for a \
                 free port"
            ))
        }
        error => error.into(),
    }
}

/// Tells that a service's port belongs to another checkout than the one with this root.
pub(crate) fn other_checkout(backend: &dyn Backend, holder: Allocation, wanted: &str) -> Report {
    let dir = wording::folder(&holder);
    let what = format!(
        "{} belongs to the checkout {dir}, not to {wanted}: it has port {} (id {})",
        holder.key, holder.port, holder.id
    );
    let hint = format!(
        "tell the two apart by an --instance of its own for every command here: \
         `portctl get{}{}`",
        wording::flag("--instance", &own_instance(&holder, wanted)),
        wording::positional(holder.key.service())
    );
    of_holder(backend, &what, holder).hint(hint)
}

/// The allocations of the app and the instance that a filter names, which must not be another checkout's
/// of the same names.
pub(crate) fn allocations_of(
    backend: &dyn Backend,
    names: &Names,
    filter: &Filter,
) -> Result<Vec<Allocation>, Failure> {
    let allocations = backend.list(filter)?;
    if let Some(checkout) = names.checkout_of(filter) {
        let mut others = allocations.iter();
        if let Some(holder) = others.find(|it| it.belongs_to_other_checkout(&checkout.root)) {
            let wanted = checkout.root.display().to_string();
            return Err(other_checkout(backend, holder.clone(), &wanted).into());
        }
    }
    Ok(allocations)
}

/// A name for the checkout with this root, which comes out with the name of another one: that of its
/// folder, or of the one around it, with a mark of the whole path. It is the same each time, so that who
/// forgot that it was given is not given another.
pub(crate) fn own_instance(holder: &Allocation, wanted: &str) -> String {
    let other = holder.dir.as_deref();
    let mut folders = Path::new(wanted).ancestors().take(2).filter_map(|folder| {
        let name = folder.file_name()?;
        // The other checkout's folder may be called alike.
        let is_telling = !other?.iter().any(|part| part == name);
        name.to_str().filter(|_| is_telling)
    });
    let mark = mark_of(wanted);
    let is_name = |name: &str| {
        let key = ServiceKey::new("any", name, "any");
        key.is_ok_and(|key| key.instance() == name)
    };
    let named = folders.next().unwrap_or(holder.key.instance());
    let named = format!("{named}-{mark:04x}");
    // A long name has no room for the mark.
    if is_name(&named) {
        named
    } else {
        format!("checkout-{mark:04x}")
    }
}

/// 16 bits of a text: a hash, folded.
fn mark_of(text: &str) -> u16 {
    let bytes = fnv::hash(text.as_bytes()).to_be_bytes();
    let pairs = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    pairs.fold(0, |mark, pair| mark ^ pair)
}

/// Describes the conflict of a service that has a port already, and the next step.
fn service_taken(backend: &dyn Backend, holder: &Allocation, claim: &Claim) -> (String, String) {
    let what = format!(
        "{} already has port {} {}",
        holder.key,
        holder.port,
        wording::id_and_folder(holder)
    );
    let wanted = claim.port();
    let get = format!(
        "`portctl get{}{}` prints the port that it has",
        name_flags(claim),
        wording::positional(holder.key.service())
    );
    let Some(port) = wanted.filter(|port| *port != holder.port) else {
        return (what, get);
    };
    // Whoever frees its port may be left with none.
    let (free, own) = (wording::release(holder), holder.id);
    let (other, listener) = match backend.check(port) {
        Ok(status) => (status.holder, status.listener),
        Err(_) => (None, None),
    };
    let hint = match (other, listener) {
        (Some(other), _) if other.checkout_is_gone() => format!(
            "`portctl release --id {} && portctl release --id {own}` frees that port, whose folder is \
             gone, and its own",
            other.id
        ),
        (Some(other), _) => {
            let other = wording::holder(&other);
            format!("port {port} is allocated to {other}, so keep the other one: {get}")
        }
        (None, Some(listener)) => {
            let by = wording::by(&listener);
            let adopt = adopting(claim, port);
            format!(
                "port {port} is in use{by}: if that is the service itself, `portctl release --id {own} \
                 && {adopt}` registers it; otherwise keep the other one"
            )
        }
        (None, None) => format!("{free} frees it, so that the service can have port {port}"),
    };
    (what, hint)
}

/// The command that registers a service that runs already.
fn adopting(claim: &Claim, port: Port) -> String {
    format!(
        "portctl allocate{}{} --port {port} --adopt",
        name_flags(claim),
        wording::flag("--service", claim.key().service())
    )
}

/// The flags that name the app and the instance, where they are not those of the current folder.
pub(crate) fn name_flags(claim: &Claim) -> String {
    // A worktree may well be inside of another one.
    let is_here = |root: &Path| {
        let here = env::current_dir().ok();
        let here = here.and_then(|here| Checkout::of(&here).ok());
        here.is_some_and(|here| here.root == root)
    };
    if claim.dir().is_some_and(is_here) {
        return String::new();
    }
    let (app, instance) = (claim.key().app(), claim.key().instance());
    wording::flag("--app", app) + &wording::flag("--instance", instance)
}

/// The report of an allocation that stands in the way, with what listens on its port.
pub(crate) fn of_holder(backend: &dyn Backend, what: &str, holder: Allocation) -> Report {
    let (use_of_it, listener) = match backend.check(holder.port) {
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
