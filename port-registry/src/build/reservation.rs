//! Reserving a port for the checkout that a package is in.

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, iter};

use super::cargo::Instructions;
use super::freshness;
use crate::builder::{Builder, DB_VARIABLE, RANGE_VARIABLE};
use crate::checkout::detect::Checkout;
use crate::checkout::named::{APP_VARIABLE, INSTANCE_VARIABLE, label_variable};
use crate::error::Error;
use crate::registry::Registry;
use crate::types::allocation::Allocation;
use crate::types::checkout_path::CheckoutPath;
use crate::types::port::Port;
use crate::types::service_key::ServiceKey;

/// The variables that a reservation depends on. `HOME` is the place of the default registry, and the home folder is not
/// the checkout of the folders in it.
pub(super) const VARIABLES: [&str; 5] = [
    DB_VARIABLE,
    RANGE_VARIABLE,
    APP_VARIABLE,
    INSTANCE_VARIABLE,
    "HOME",
];

/// Reserves a port for a service of the checkout that a package is in. Warns and returns `None` if that is impossible.
pub(super) fn reserve(
    package: &Path,
    service: &str,
    default: Port,
    instructions: &mut Instructions,
) -> Option<Allocation> {
    let checkout = checkout_of(package);
    // Even if this checkout cannot be identified, the script has to run again in another one.
    let root = checkout.as_ref().map_or(package, Checkout::root);
    freshness::mark(package, root, instructions);
    match checkout.and_then(|it| find_or_allocate(&it, service)) {
        Ok(allocation) => Some(allocation),
        Err(error) => {
            instructions.warn(&format!(
                "using port {default} for {service}: {}",
                text_of(&error)
            ));
            retry_after(&error, instructions);
            None
        }
    }
}

/// Finds the checkout of a package. Outside of git, it is that of the workspace.
fn checkout_of(package: &Path) -> Result<Checkout, Error> {
    let checkout = Checkout::open(package)?;
    if checkout.is_plain_folder()
        && let Some(workspace) = workspace_of(package)
    {
        return Checkout::open(workspace);
    }
    Ok(checkout)
}

/// Asks cargo for the folder of a package's workspace. Returns `None` if it fails.
fn workspace_of(package: &Path) -> Option<PathBuf> {
    let cargo = env::var_os("CARGO")?;
    let answer = Command::new(cargo)
        .args([
            "locate-project",
            "--workspace",
            "--message-format",
            "plain",
            "--offline",
        ])
        .current_dir(package)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let manifest = PathBuf::from(String::from_utf8(answer.stdout).ok()?.trim_end());
    manifest
        .parent()
        .filter(|it| it.is_absolute())
        .map(Path::to_owned)
}

/// Returns the service that `portctl get` returns.
fn find_or_allocate(checkout: &Checkout, service: &str) -> Result<Allocation, Error> {
    let registry = Registry::open()?;
    let app = label_variable(APP_VARIABLE);
    let instance = label_variable(INSTANCE_VARIABLE);
    if app.is_none() && instance.is_none() {
        return checkout.get_or_allocate(&registry, service);
    }
    let (own_app, own_instance) = match (&app, &instance) {
        // Named services need no checkout.
        (Some(_), Some(_)) => own_labels(checkout, &registry).unwrap_or_default(),
        _ => own_labels(checkout, &registry)?,
    };
    // The error of portctl names the same variable.
    let variable = if instance.is_some() {
        INSTANCE_VARIABLE
    } else {
        APP_VARIABLE
    };
    let key = ServiceKey::new(
        app.as_deref().unwrap_or(&own_app),
        instance.as_deref().unwrap_or(&own_instance),
        service,
    );
    let key = key.map_err(|error| Error::Setting {
        variable: if error.field() == "app" {
            APP_VARIABLE
        } else {
            variable
        },
        reason: error.to_string(),
    })?;
    if let Some(held) = registry.get_by_key(&key)?
        && held.belongs_to_other_checkout(checkout.root())
    {
        let dir = held.dir.as_ref().map_or("", CheckoutPath::as_str);
        let reason = format!("{key} belongs to another checkout, {dir}; unset it");
        return Err(Error::Setting { variable, reason });
    }
    registry.get_or_allocate(checkout.named_claim(key, &own_app))
}

fn own_labels(checkout: &Checkout, registry: &Registry) -> Result<(String, String), Error> {
    checkout.name_or_labels(&checkout.allocations(registry)?)
}

/// Runs the script again once the registry changed. After an error of another cause, the next build runs it.
fn retry_after(error: &Error, instructions: &mut Instructions) {
    if let Error::Checkout { .. } = error {
        return freshness::always_rerun(instructions);
    }
    // Most often, a registry that does not exist cannot be created in this environment, and no later build could either.
    let store = Builder::from_env().and_then(|it| it.store_path());
    if let Some(store) = store.ok().filter(|it| it.exists()) {
        instructions.rerun_if_changed(&store);
    }
}

/// Formats an error with its causes.
fn text_of(error: &Error) -> String {
    let causes = iter::successors(error.source(), |&it| it.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
