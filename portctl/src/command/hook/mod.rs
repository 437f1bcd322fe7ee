//! `portctl hook`.

mod change;
pub(crate) mod claude;
mod git_place;
mod hook_file;
mod target;

use port_registry::Checkout;
use serde::Serialize;

use self::change::HookChange;
use self::hook_file::HookFile;
use self::target::Target;
use super::outcome::{CommandResult, of_changes};
use crate::args::{HookInstallArgs, HookUninstallArgs};
use crate::checkout::current_folder;
use crate::command_error::CommandError;
use crate::output::{self, visible};
use crate::report::Report;

/// The outcome for one file.
#[derive(Debug, Serialize)]
struct HookEntry {
    hook: Target,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<HookChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Report>,
}

pub(crate) fn install(args: &HookInstallArgs) -> CommandResult {
    let checkout = checkout()?;
    let mut targets = Target::named(args.git, args.claude, args.agents_md);
    let mut notes = Vec::new();
    if targets.is_empty() {
        let (applying, others): (Vec<_>, Vec<_>) = Target::ALL
            .into_iter()
            .partition(|it| it.applies_to(&checkout));
        notes.extend(others.into_iter().map(|it| it.reason_left_out().to_owned()));
        targets = applying;
    }
    if targets.is_empty() {
        return Err(Report::new("no hook applies to this checkout")
            .hint("`portctl hook install --agents-md` adds two lines for agents; `git init` makes a git checkout")
            .into());
    }
    let entries: Vec<HookEntry> = targets
        .into_iter()
        .map(|it| HookEntry::new(it, &checkout, HookFile::install))
        .collect();
    if entries
        .iter()
        .any(|it| it.hook == Target::AgentsMd && it.error.is_none())
    {
        notes.extend(target::note_of_claude_md(checkout.root()));
    }
    print_entries(entries, &notes, args.json)
}

pub(crate) fn uninstall(args: &HookUninstallArgs) -> CommandResult {
    let checkout = checkout()?;
    let mut targets = Target::named(args.git, args.claude, args.agents_md);
    if targets.is_empty() {
        // Outside of git there is no hook of git to look for.
        targets = Target::ALL
            .into_iter()
            .filter(|it| it.may_be_in(&checkout))
            .collect();
    }
    let mut entries: Vec<HookEntry> = targets
        .into_iter()
        .map(|it| HookEntry::new(it, &checkout, HookFile::uninstall))
        .collect();
    entries.retain(|it| it.result != Some(HookChange::Absent));
    if entries.is_empty() {
        return Err(Report::new("no hook is installed here").into());
    }
    print_entries(entries, &[], args.json)
}

fn checkout() -> Result<Checkout, CommandError> {
    Ok(Checkout::open(current_folder()?)?)
}

/// Prints what was done. Fails if something was not done.
fn print_entries(entries: Vec<HookEntry>, notes: &[String], as_json: bool) -> CommandResult {
    let printed = if as_json {
        output::print_json(&entries)
    } else {
        let mut done = entries.iter().filter_map(HookEntry::sentence);
        let printed = done.try_for_each(|it| output::print(&it));
        printed.and_then(|()| notes.iter().try_for_each(|it| output::note(&visible(it))))
    };
    let failures = entries.into_iter().filter_map(|it| it.error);
    of_changes(printed, failures.collect(), "hooks were not changed")
}

impl HookEntry {
    fn new(
        target: Target,
        checkout: &Checkout,
        act: impl Fn(&HookFile) -> Result<HookChange, Report>,
    ) -> HookEntry {
        let file = HookFile::find(target, checkout);
        let shown = file.as_ref().ok().map(HookFile::shown);
        let (result, error) = match file.and_then(|it| act(&it)) {
            Ok(result) => (Some(result), None),
            Err(report) => (None, Some(report)),
        };
        HookEntry {
            hook: target,
            file: shown,
            result,
            error,
        }
    }

    fn sentence(&self) -> Option<String> {
        let (file, words) = (self.file.as_ref()?, self.result?.words()?);
        Some(format!("{words} {}", visible(file)))
    }
}
