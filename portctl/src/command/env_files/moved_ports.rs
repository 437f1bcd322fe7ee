//! Lines of env files that mention a port which the registry has moved.

use std::path::Path;

use port_registry::{Allocation, Port};

use crate::checkout::Here;
use crate::command_error::CommandError;
use crate::env_file::{EnvText, LOCAL_HOSTS, OutsideAssignment, mentioned_ports, read_small};

/// The number of lines that are mentioned.
const MAX_LINES: usize = 10;

/// The files at the root of a checkout that apply during development.
const ENV_FILES: [&str; 4] = [
    ".env",
    ".env.local",
    ".env.development",
    ".env.development.local",
];

/// Usual ports of services, by their names.
const USUAL_PORTS: [(&[&str], &[u16]); 6] = [
    (&["postgres", "postgresql", "pg"], &[5432]),
    (&["mysql", "mariadb"], &[3306]),
    (&["mongo", "mongodb"], &[27017]),
    (&["db", "database"], &[5432, 3306, 27017]),
    (&["redis", "valkey", "cache"], &[6379]),
    (&["rabbitmq", "amqp"], &[5672]),
];

/// Ports that services would have had, and the ones that they have.
pub(in crate::command) struct MovedPorts {
    moved: Vec<MovedPort>,
}

struct MovedPort {
    service: String,
    from: Port,
    to: Port,
}

impl MovedPorts {
    /// Compares the allocations with the ports that the project file prefers, and with usual ones.
    pub(in crate::command) fn of(
        here: &Here,
        allocations: &[Allocation],
    ) -> Result<MovedPorts, CommandError> {
        let declared = here.declarations()?;
        let mut moved = Vec::new();
        for allocation in allocations {
            let service = allocation.key.service();
            let declared = declared.and_then(|it| it.service(service)?.preferred);
            let usual = match declared {
                Some(port) => vec![port],
                None => usual_ports(service),
            };
            moved.extend(usual.into_iter().map(|from| MovedPort {
                service: service.to_owned(),
                from,
                to: allocation.port,
            }));
        }
        moved.retain(|it| allocations.iter().all(|other| other.port != it.from));
        Ok(MovedPorts { moved })
    }

    /// Notes the lines of a file that mention such a port outside the block.
    pub(in crate::command) fn notes(&self, path: &Path, shown: &str) -> Vec<String> {
        if self.moved.is_empty() {
            return Vec::new();
        }
        let text = read_small(path).unwrap_or_default();
        let Ok(text) = EnvText::parse(&text) else {
            return Vec::new();
        };
        let mut notes = Vec::new();
        let assignments = text.assignments();
        for assignment in &assignments {
            let (line, name) = (assignment.line, &assignment.name);
            if is_elsewhere(name, &assignments) {
                continue;
            }
            for port in mentioned_ports(assignment) {
                let moved = self.moved.iter().find(|it| it.from.get() == port);
                notes.extend(moved.map(|MovedPort { service, to, .. }| {
                    format!(
                        "{shown}:{line} {name} mentions port {port}, but {service} has port {to} here; `[env]` in portctl.toml can compute it"
                    )
                }));
            }
        }
        notes.truncate(MAX_LINES);
        notes
    }

    /// Notes such lines of the env files at the root.
    pub(in crate::command) fn notes_of_root(&self, root: &Path) -> Vec<String> {
        let files = ENV_FILES.into_iter();
        files
            .flat_map(|it| self.notes(&root.join(it), it))
            .collect()
    }
}

/// Tests if a variable for a port, such as `DB_PORT`, is about another machine or a container, which `DB_HOST` names then.
fn is_elsewhere(name: &str, assignments: &[OutsideAssignment]) -> bool {
    let Some(prefix) = name.strip_suffix("PORT") else {
        return false;
    };
    let host = format!("{prefix}HOST");
    let host = assignments.iter().rfind(|it| it.name == host);
    host.is_some_and(|it| {
        let host = String::from_utf8_lossy(&it.value);
        let host = host.trim_matches(['"', '\'', '`']);
        !(host.is_empty() || host == "::1" || LOCAL_HOSTS.contains(&host))
    })
}

fn usual_ports(service: &str) -> Vec<Port> {
    let known = USUAL_PORTS
        .iter()
        .filter(|(names, _)| names.contains(&service));
    let ports = known.flat_map(|(_, ports)| ports.iter());
    ports.filter_map(|&it| Port::new(it).ok()).collect()
}
