//! Facts about the commands that take services, which argh does not know.

/// Returns true if a command takes a single service.
pub(crate) fn takes_one_service(command: &str) -> bool {
    ["allocate", "check", "move", "open"].contains(&command)
}

/// Returns true if a plain number is a port for a command.
pub(crate) fn takes_ports(command: &str) -> bool {
    ["check", "list", "move", "release"].contains(&command)
}

/// Returns true if a command allocates ports.
pub(crate) fn allocates(command: &str) -> bool {
    ["allocate", "get", "run"].contains(&command)
}

/// Returns true if a command takes the port that a service is to have.
pub(crate) fn assigns_ports(command: &str) -> bool {
    command == "move" || allocates(command)
}
