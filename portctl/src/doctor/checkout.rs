//! Checks the checkout of the current folder: its root, its name, and its labels now.

use std::path::Path;

use port_registry::{
    APP_VARIABLE, Allocation, Checkout, INSTANCE_VARIABLE, PassedOver, RootKind, label_variable,
};

use super::finding::{Finding, Issue};
use super::labels;
use crate::checkout::{TypedLabels, compose_variables, current_folder};
use crate::command_error::CommandError;
use crate::declared::Declarations;
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
    let mut checkout = Checkout::open(&folder)?;
    let mut finding = Finding::ok(CHECK, root(&checkout));
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
    let Some(all) = allocations else {
        return Ok(finding.detail("its ports are unknown, because the registry cannot be read"));
    };
    if of(all, checkout.root()).is_empty()
        && let Some(recorded) = checkout.recorded_among(all)
    {
        let dir = recorded.root().display();
        finding = finding.detail(format!("the registry knows it as {dir}"));
        checkout = recorded;
    }
    let own = of(all, checkout.root());
    let name = own.iter().find_map(|it| it.checkout_name());
    let is_known = is_git_usable || checkout.root_kind() != RootKind::Git;
    let labels = is_known.then(|| checkout.labels()).transpose();
    if let Some(name) = &name {
        let labels = labels.as_ref().ok().copied().flatten();
        finding = finding.detail(labels::name_with_rule(name, &own, labels));
    }
    if !own.is_empty() {
        finding = finding.detail(number(&own));
    }
    let declared = Declarations::read(&checkout, &|| compose_variables(checkout.root()));
    let finding = match labels {
        Ok(Some(_)) => labels::compare(finding, &checkout, name.as_ref(), all),
        Ok(None) => finding.detail("its labels now are unknown, because git fails"),
        // The labels may come from the project file.
        Err(_) if declared.is_err() => finding,
        Err(error) => finding.with(
            Issue::from(Report::from(error))
                .hint("`git status` in this folder shows the problem of its repository"),
        ),
    };
    Ok(match declared {
        Ok(None) => finding,
        Ok(Some(declared)) => {
            let services = count(declared.services.len(), "service");
            finding.detail(format!("its portctl.toml declares {services}"))
        }
        Err(report) => finding.with(report),
    })
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
            "{number} here, {typed} with labels that were typed or sent by a program, which only --app and --instance \
             find"
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
        let value = label_variable(variable)?;
        let line = format!(
            "{variable}={value} is set, so every command means the service key with this label alone, not the services \
             of this checkout"
        );
        let hint = format!("`unset {variable}`, unless every checkout should use this label");
        Some(Issue::warning(line).hint(hint))
    });
    set.collect()
}
