//! The arguments of `portctl skill`.

use argh::{ArgsInfo, FromArgs};

/// Teach AI agents to use portctl.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "skill",
    help_triggers("-h", "--help", "help"),
    example = "{command_name} install"
)]
pub(crate) struct SkillArgs {
    #[argh(subcommand)]
    pub(crate) command: SkillCommand,
}

/// The commands of `portctl skill`.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(subcommand)]
pub(crate) enum SkillCommand {
    /// See [`SkillInstallArgs`].
    Install(SkillInstallArgs),
    /// See [`SkillUninstallArgs`].
    Uninstall(SkillUninstallArgs),
}

/// Write the skill where agents look for it, or bring it up to date.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "install",
    help_triggers("-h", "--help", "help"),
    note = "The skill is written to .claude/skills/port-registry and \
            .agents/skills/port-registry in the current folder, or with --global to those of \
            ~/.claude, ~/.codex and ~/.agents that exist. Files that you changed are kept, and \
            symbolic links are not followed.",
    example = "{command_name}\n{command_name} --global"
)]
pub(crate) struct SkillInstallArgs {
    /// write it for all projects of this user
    #[argh(switch)]
    pub(crate) global: bool,

    /// overwrite files that you changed
    #[argh(switch)]
    pub(crate) force: bool,

    /// print the result as JSON
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}

/// Remove the skill from where `install` writes it.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "uninstall",
    help_triggers("-h", "--help", "help"),
    note = "Files that you changed or added are kept. If the skill is not installed, the exit \
            code is 1.",
    example = "{command_name}\n{command_name} --global"
)]
pub(crate) struct SkillUninstallArgs {
    /// remove it for all projects of this user
    #[argh(switch)]
    pub(crate) global: bool,

    /// remove files that you changed, too
    #[argh(switch)]
    pub(crate) force: bool,

    /// print the result as JSON
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}
