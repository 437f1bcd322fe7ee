//! `portctl skill`, as it is typed.

use argh::{ArgsInfo, FromArgs};

/// Teach AI agents to use portctl.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "skill",
    help_triggers("-h", "--help", "help"),
    example = "{command_name} install"
)]
pub(crate) struct Skill {
    #[argh(subcommand)]
    pub(crate) command: SkillCommand,
}

/// What can be done with the skill.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(subcommand)]
pub(crate) enum SkillCommand {
    /// See [`SkillInstall`].
    Install(SkillInstall),
    /// See [`SkillUninstall`].
    Uninstall(SkillUninstall),
}

/// Write the skill where agents look for it, or bring it up to date.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "install",
    help_triggers("-h", "--help", "help"),
    note = "That is .claude/skills/port-registry and .agents/skills/port-registry in the\n\
            current folder. With --global it is the same in ~/.claude, ~/.codex and\n\
            ~/.agents, in those that exist. What you changed is kept, and symbolic links\n\
            are not followed.",
    example = "{command_name}\n{command_name} --global"
)]
pub(crate) struct SkillInstall {
    /// for all projects of this user
    #[argh(switch)]
    pub(crate) global: bool,

    /// overwrite files that were changed
    #[argh(switch)]
    pub(crate) force: bool,

    /// print what was done as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}

/// Remove the skill from where `install` writes it.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "uninstall",
    help_triggers("-h", "--help", "help"),
    note = "What you changed or added is kept. If the skill is not there, the exit code\n\
            is 1.",
    example = "{command_name}\n{command_name} --global"
)]
pub(crate) struct SkillUninstall {
    /// that of all projects of this user
    #[argh(switch)]
    pub(crate) global: bool,

    /// remove files that were changed, too
    #[argh(switch)]
    pub(crate) force: bool,

    /// print what was done as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}
