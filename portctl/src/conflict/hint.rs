//! Commands that resolve a conflict, as hints name them.

use std::path::{Path, PathBuf};
use std::{env, fs};

use port_registry::{Allocation, Checkout, Claim, Listener, Port};

use crate::args::PROGRAM;
use crate::output::wording;
use crate::path::folder_of;
use crate::whose::names_other_checkout;

/// The command that releases the port of an allocation, between backticks.
pub(crate) fn release_command(allocation: &Allocation) -> String {
    format!("`portctl release --id {}`", allocation.id)
}

/// The hint to release the port of an allocation.
pub(crate) fn release_hint(allocation: &Allocation) -> String {
    release_hint_if_gone(allocation)
        .unwrap_or_else(|| format!("run {} if nothing needs it", release_command(allocation)))
}

/// The hint to release the port of an allocation whose checkout is gone. Returns `None` if the checkout exists.
pub(crate) fn release_hint_if_gone(allocation: &Allocation) -> Option<String> {
    allocation.checkout_is_gone().then(|| {
        format!(
            "run {}, because its checkout is gone",
            release_command(allocation)
        )
    })
}

/// The command that registers a service that runs already.
pub(crate) fn adopt_command(claim: &Claim, port: Port) -> String {
    let allocate = command_for(claim, "allocate");
    let service = wording::service(claim.key().service());
    format!("{allocate}{service} --port {port} --adopt")
}

/// The command line of a command for the service of an allocation. It runs in the checkout.
pub(crate) fn command_in_checkout(command: &str, allocation: &Allocation) -> String {
    let key = &allocation.key;
    let dir = allocation.dir.as_ref();
    let dir = dir.filter(|_| !allocation.checkout_is_gone());
    let cd = dir.map_or_else(String::new, |dir| {
        format!("cd{} && ", wording::positional(dir.as_str()))
    });
    format!(
        "{cd}{PROGRAM} {command}{}{}{}",
        wording::flag("--app", key.app()),
        wording::flag("--instance", key.instance()),
        wording::service(key.service())
    )
}

/// The command that moves the service of a claim to a port. Returns `None` if `move` may find another allocation than the
/// one that the claim conflicts with.
pub(crate) fn move_command_to(claim: &Claim, holder: &Allocation, port: Port) -> Option<String> {
    let is_found = if claim.label_origin().is_detected() {
        holder.label_origin.is_detected() && holder.dir.as_ref() == claim.dir()
    } else {
        holder.key == *claim.key()
    };
    let service = wording::service(holder.key.service());
    let line = command_for(claim, "move");
    is_found.then(|| format!("{line}{service} --port {port}"))
}

/// The beginning of a command line that is about the checkout or the labels of a claim.
pub(crate) fn command_for(claim: &Claim, command: &str) -> String {
    if let Some(root) = other_root(claim) {
        let root = wording::positional(&root.display().to_string());
        return format!("cd{root} && {PROGRAM} {command}");
    }
    if claim.label_origin().is_detected() {
        return format!("{PROGRAM} {command}");
    }
    let (app, instance) = (claim.key().app(), claim.key().instance());
    let names = wording::flag("--app", app) + &wording::flag("--instance", instance);
    format!("{PROGRAM} {command}{names}")
}

/// The path of a file for such a command line.
pub(crate) fn path_for(claim: &Claim, path: &Path) -> PathBuf {
    let Some(root) = other_root(claim) else {
        return path.to_owned();
    };
    // The file itself need not exist.
    let folder = fs::canonicalize(folder_of(path));
    let absolute = folder.map(|folder| folder.join(path.file_name().unwrap_or_default()));
    let Ok(absolute) = absolute else {
        return path.to_owned();
    };
    match absolute.strip_prefix(root) {
        Ok(relative) => relative.to_owned(),
        Err(_) => absolute,
    }
}

/// The root of a claim's checkout, if that is not the current one.
fn other_root(claim: &Claim) -> Option<&Path> {
    let root = claim.dir().filter(|_| claim.label_origin().is_detected())?;
    let here = env::current_dir().ok();
    let here = here.and_then(|here| Checkout::open(here).ok());
    let is_here = here.is_some_and(|here| here.root() == &**root);
    (!is_here).then_some(&**root)
}

/// The next step for a service on whose port a process of another checkout listens. `line` makes the command line of a command
/// for the service.
pub(crate) fn step_beside_foreign(
    allocation: &Allocation,
    listener: Option<&Listener>,
    line: &dyn Fn(&'static str) -> String,
) -> String {
    let root = allocation.dir.as_deref();
    let is_inherited = listener
        .zip(root)
        .is_some_and(|(it, root)| names_other_checkout(it, root));
    if is_inherited {
        let line = line("run");
        return format!("if it is the service, restart it by `{line} -- COMMAND`");
    }
    format!("`{}` gives the service another port", line("move"))
}
