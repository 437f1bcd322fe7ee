//! The programs that portctl adds hooks for.

use std::path::Path;

use port_registry::{Checkout, RootKind};
use serde::Serialize;

use crate::env_file::read_small;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Target {
    Git,
    Claude,
    AgentsMd,
}

impl Target {
    pub(super) const ALL: [Target; 3] = [Target::Git, Target::Claude, Target::AgentsMd];

    /// Returns those whose flags are set.
    pub(super) fn named(git: bool, claude: bool, agents_md: bool) -> Vec<Target> {
        let flags = [git, claude, agents_md].into_iter();
        let named = flags.zip(Target::ALL).filter(|(is_set, _)| *is_set);
        named.map(|(_, target)| target).collect()
    }

    /// Returns true if `install` without a flag adds it.
    pub(super) fn applies_to(self, checkout: &Checkout) -> bool {
        let root = checkout.root();
        match self {
            Target::Git => self.may_be_in(checkout),
            Target::Claude => root.join(".claude").is_dir(),
            Target::AgentsMd => root.join("AGENTS.md").is_file(),
        }
    }

    /// Returns true if it can be in this checkout at all.
    pub(super) fn may_be_in(self, checkout: &Checkout) -> bool {
        self != Target::Git || checkout.root_kind() == RootKind::Git
    }

    /// Tells why `install` without a flag left it out.
    pub(super) fn reason_left_out(self) -> &'static str {
        match self {
            Target::Git => "git has no hook, because this is not a git checkout",
            Target::Claude => {
                "there is no .claude folder; `portctl hook install --claude` makes one for Claude Code"
            }
            Target::AgentsMd => {
                "there is no AGENTS.md; `portctl hook install --agents-md` makes one for agents"
            }
        }
    }
}

/// Tells that Claude Code does not read `AGENTS.md`, if it is used here and nothing leads it there.
pub(super) fn note_of_claude_md(root: &Path) -> Option<String> {
    let claude_md = root.join("CLAUDE.md");
    let is_used = claude_md.is_file() || root.join(".claude").is_dir();
    let is_same = claude_md.canonicalize().is_ok_and(|it| {
        root.join("AGENTS.md")
            .canonicalize()
            .is_ok_and(|other| it == other)
    });
    let text = read_small(&claude_md).unwrap_or_default();
    let is_included = text.windows(10).any(|it| it == b"@AGENTS.md");
    (is_used && !is_same && !is_included).then(|| {
        "Claude Code reads CLAUDE.md instead of AGENTS.md; a line `@AGENTS.md` in CLAUDE.md includes it"
            .to_owned()
    })
}
