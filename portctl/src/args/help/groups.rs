//! The groups in which the main help lists the commands.

/// Titles and commands, in the order in which a new user needs them. A title names the purpose.
pub const GROUPS: [(&str, &[&str]); 7] = [
    (
        "Get a port, and start a server on it",
        &["get", "run", "compose"],
    ),
    (
        "See what runs, and reach it",
        &["list", "url", "open", "wait", "check"],
    ),
    (
        "Set up a project",
        &["init", "sync", "env", "scan", "allocate"],
    ),
    ("Change ports, and clean up", &["move", "release", "prune"]),
    (
        "Work with agents and shells",
        &["skill", "hook", "completions"],
    ),
    (
        "Solve problems, and change machines",
        &["doctor", "export", "import", "version"],
    ),
    (
        "Serve the registry over HTTP (optional)",
        &["start", "stop", "restart", "status", "health"],
    ),
];

#[cfg(test)]
mod tests {
    use super::GROUPS;
    use crate::args::definition::DESCRIPTION;

    #[test]
    fn every_command_is_in_one_group() {
        let grouped = GROUPS.iter().flat_map(|(_, names)| *names);
        let mut grouped: Vec<&str> = grouped.copied().collect();
        let mut commands: Vec<&str> = DESCRIPTION.commands.iter().map(|it| it.name).collect();
        grouped.sort_unstable();
        commands.sort_unstable();
        assert_eq!(grouped, commands);
    }
}
