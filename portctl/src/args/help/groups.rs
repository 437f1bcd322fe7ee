//! The groups in which the main help lists the commands.

/// Titles and commands, in the order in which a new user needs them.
pub(super) const GROUPS: [(&str, &[&str]); 4] = [
    (
        "Ports of this checkout",
        &[
            "get", "run", "compose", "sync", "env", "list", "url", "open", "wait", "check", "move",
            "release", "allocate", "scan", "init",
        ],
    ),
    ("Ports of all checkouts", &["prune", "export", "import"]),
    (
        "Set-up and help",
        &["doctor", "skill", "completions", "version"],
    ),
    (
        "The daemon, which is optional",
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
