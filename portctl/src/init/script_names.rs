//! Names of services for scripts. A scan calls them by their scripts, such as `dev`, which say nothing about the service.

use std::path::Path;

use crate::declared::is_service_name;
use crate::scan::{FileKind, FixedPort};

/// The scripts that start the server of their package. The first ones decide.
const SCRIPTS: [&str; 5] = ["dev", "develop", "serve", "server", "start"];

/// The service of the package at the root.
const AT_ROOT: &str = "web";

/// Names the servers of packages by the variable of an env file that has the same port, or else by their folder. A server
/// keeps its name if another service has the new one.
pub(super) fn with_better_names(ports: &[FixedPort]) -> Vec<FixedPort> {
    let mut ports = ports.to_vec();
    for script in SCRIPTS {
        for index in 0..ports.len() {
            let fixed = &ports[index];
            if fixed.kind != FileKind::Package || fixed.origin.script.as_deref() != Some(script) {
                continue;
            }
            let is_free = |name: &&str| {
                let others = ports.iter();
                let mut others = others.filter(|it| it.service == *name && it.port != fixed.port);
                is_service_name(name) && others.next().is_none()
            };
            let assigned = ports.iter();
            let assigned =
                assigned.filter(|it| it.kind == FileKind::Dotenv && it.port == fixed.port);
            let mut names = assigned.map(|it| &*it.service).chain(folder_name(fixed));
            if let Some(name) = names.find(is_free).map(str::to_owned) {
                ports[index].service = name;
            }
        }
    }
    ports
}

/// Returns the name of a package's folder.
fn folder_name(fixed: &FixedPort) -> Option<&str> {
    let folder = Path::new(&fixed.file).parent()?;
    if folder.as_os_str().is_empty() {
        return Some(AT_ROOT);
    }
    folder.file_name()?.to_str()
}
