//! Checks the checkout of the current folder: its root, its name, and its labels now.

use std::path::Path;

use port_registry::{Allocation, Checkout, PassedOver, RootKind};

use super::finding::{Finding, Issue};
use super::labels;
use crate::checkout::{TypedLabels, current_folder};
use crate::command_error::CommandError;
use crate::environment::{self, APP_VARIABLE, INSTANCE_VARIABLE};
use crate::output::wording::count;
use crate::report::Report;

const CHECK: &str = "checkout";

/// Checks the checkout. Asks git for labels only if it is usable, because another check reports one that is not.
pub(super) fn check(allocations: Option<&[Allocation]>, is_git_usable: bool) -> Finding {
    let finding = match describe(allocations, is_git_usable) {
        Ok(finding) => finding,
        Err(report) => Issue::from(report).of(CHECK),
    };
    finding.with_all(typed_labels())
}

fn describe(allocations: Option<&[Allocation]>, is_git_usable: bool) -> Result<Finding, Report> {
    let folder = current_folder()?;
    let found = Checkout::open(&folder)?;
    let mut finding = Finding::ok(CHECK, root(&found));
    for passed_over in Checkout::passed_over(&folder).unwrap_or_default() {
        finding = finding.detail(match passed_over {
            PassedOver::OtherUser(entry) => {
                let entry = entry.display();
                format!("{entry} belongs to another user, so it does not count here")
            }
            PassedOver::Home(entry) => {
                let entry = entry.display();
                format!("{entry} counts only in the home folder itself")
            }
        });
    }
    let with_labels = |finding: Finding, checkout: &Checkout, name| {
        if checkout.root_kind() == RootKind::Git && !is_git_usable {
            return finding.detail("its labels now are unknown, because git fails");
        }
        labels::describe(finding, checkout, name, allocations)
    };
    let Some(all) = allocations else {
        finding = finding.detail("its ports are unknown, because the registry cannot be read");
        return Ok(with_labels(finding, &found, None));
    };
    let recorded = found.recorded_among(all);
    let checkout = match &recorded {
        Some(recorded) if of(all, found.root()).is_empty() => {
            let dir = recorded.root().display();
            finding = finding.detail(format!("the registry knows it as {dir}"));
            recorded
        }
        _ => &found,
    };
    let own = of(all, checkout.root());
    let name = own.iter().find_map(|it| it.checkout_name());
    if let Some(name) = &name {
        let origin = own.iter().find(|it| {
            let labels = (it.key.app(), it.key.instance());
            it.label_origin.is_detected() && labels == (name.app(), name.instance())
        });
        let rule = origin.map_or("which is released", |it| labels::rule(it.label_origin));
        finding = finding.detail(format!(
            "its name is {name} since its first allocation, {rule}"
        ));
    }
    if !own.is_empty() {
        finding = finding.detail(number(&own));
    }
    Ok(with_labels(finding, checkout, name.as_ref()))
}

/// Names the root with the reason why it is one.
fn root(checkout: &Checkout) -> String {
    let root = checkout.root().display();
    match checkout.root_kind() {
        RootKind::Git => format!("{root}, the nearest folder upward with a .git"),
        RootKind::ProjectFile => {
            format!("{root}, the nearest folder upward with a portctl.toml, outside of git")
        }
        RootKind::Plain => {
            format!("{root}, the current folder, outside of git and without a portctl.toml")
        }
    }
}

/// Returns the allocations of the checkout with this root.
fn of<'a>(all: &'a [Allocation], root: &Path) -> Vec<&'a Allocation> {
    let own = all.iter().filter(|it| it.dir.as_deref() == Some(root));
    own.collect()
}

/// Counts the allocations of the checkout.
fn number(own: &[&Allocation]) -> String {
    let number = count(own.len(), "allocation");
    let typed = own.iter().filter(|it| !it.label_origin.is_detected());
    match typed.count() {
        0 => format!("{number} here"),
        typed => format!(
            "{number} here, {typed} of them with typed labels, by which alone `portctl get` finds these"
        ),
    }
}

/// Reports the variables that type labels.
fn typed_labels() -> Vec<Issue> {
    if let Err(CommandError::Usage(report) | CommandError::Failed(report)) =
        TypedLabels::new(None, None)
    {
        return vec![report.into()];
    }
    let variables = [APP_VARIABLE, INSTANCE_VARIABLE].into_iter();
    let set = variables.filter_map(|variable| {
        let value = environment::label(variable)?;
        let line = format!(
            "{variable}={value} is set, so every command means the service key with this label alone, not the services \
             of this checkout"
        );
        let hint = format!("`unset {variable}`, unless every checkout should use this label");
        Some(Issue::warning(line).hint(hint))
    });
    set.collect()
}
