//! The arguments of `portctl hook`.

use argh::{ArgsInfo, FromArgs};

/// Keep ports up to date from git, and tell agents about them.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "hook",
    help_triggers("-h", "--help", "help"),
    example = "{command_name} install"
)]
pub(crate) struct HookArgs {
    #[argh(subcommand)]
    pub(crate) command: HookCommand,
}

/// The commands of `portctl hook`.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(subcommand)]
pub(crate) enum HookCommand {
    /// See [`HookInstallArgs`].
    Install(HookInstallArgs),
    /// See [`HookUninstallArgs`].
    Uninstall(HookUninstallArgs),
    /// See [`HookClaudeArgs`].
    Claude(HookClaudeArgs),
}

/// Add hooks to this checkout, or bring them up to date.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "install",
    help_triggers("-h", "--help", "help"),
    note = "git runs `portctl sync` after it checks out a branch or adds a worktree, if the checkout \
            has a portctl.toml. Tools that do not run git itself, such as those on libgit2 and jj, run no \
            hooks. Claude Code tells its agent the services and URLs of the checkout when a \
            session starts and when it enters or leaves a worktree. AGENTS.md gets two lines for all agents.\n\n\
            Without a flag, it adds those that apply: git, Claude Code if there is a .claude folder, and \
            AGENTS.md if there is one. Only marked parts of files change. core.hooksPath and husky are respected.",
    example = "{command_name}\n{command_name} --claude --agents-md"
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own on the command line"
)]
pub(crate) struct HookInstallArgs {
    /// add it to git's post-checkout hook
    #[argh(switch)]
    pub(crate) git: bool,

    /// add it to .claude/settings.json
    #[argh(switch)]
    pub(crate) claude: bool,

    /// add two lines to AGENTS.md
    #[argh(switch)]
    pub(crate) agents_md: bool,

    /// print the result as JSON
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}

/// Remove what `install` adds.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "uninstall",
    help_triggers("-h", "--help", "help"),
    note = "Without a flag, it removes all. If nothing is installed, the exit code is 1.",
    example = "{command_name}\n{command_name} --git"
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own on the command line"
)]
pub(crate) struct HookUninstallArgs {
    /// remove it from git's post-checkout hook
    #[argh(switch)]
    pub(crate) git: bool,

    /// remove it from .claude/settings.json
    #[argh(switch)]
    pub(crate) claude: bool,

    /// remove the lines from AGENTS.md
    #[argh(switch)]
    pub(crate) agents_md: bool,

    /// print the result as JSON
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}

/// Tell Claude Code about the services of a checkout.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "claude",
    help_triggers("-h", "--help", "help"),
    note = "Claude Code runs this as a hook. It reads the event from standard input, changes nothing, and always \
            exits with code 0.",
    example = "{command_name}"
)]
pub(crate) struct HookClaudeArgs {}
