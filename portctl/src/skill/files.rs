//! The files of the skill.

/// The folder of the skill, by which agents know it.
pub(super) const NAME: &str = "port-registry";

/// The folder in it.
pub(super) const REFERENCES: &str = "references";

/// The files of the skill.
pub(super) const FILES: [(&str, &str); 3] = [
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
];

pub(super) fn content_of(name: &str) -> Option<&'static str> {
    let file = FILES.iter().find(|(file, _)| *file == name);
    file.map(|(_, content)| *content)
}
