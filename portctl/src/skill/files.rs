//! The files of the skill, embedded in portctl.

/// The name of the skill and of its folder.
pub(super) const NAME: &str = "port-registry";

/// The subfolder of the skill.
pub(super) const REFERENCES: &str = "references";

/// The files of the skill: path within the skill's folder, and content.
pub(super) const FILES: [(&str, &str); 4] = [
    (
        "SKILL.md",
        include_str!("../../../skill/port-registry/SKILL.md"),
    ),
    (
        "references/api.md",
        include_str!("../../../skill/port-registry/references/api.md"),
    ),
    (
        "references/commands.md",
        include_str!("../../../skill/port-registry/references/commands.md"),
    ),
    (
        "references/errors.md",
        include_str!("../../../skill/port-registry/references/errors.md"),
    ),
];

/// Returns the embedded content of a file.
pub(super) fn content_of(name: &str) -> Option<&'static str> {
    let file = FILES.iter().find(|(file, _)| *file == name);
    file.map(|(_, content)| *content)
}
