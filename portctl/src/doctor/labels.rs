//! The name of a checkout, and the labels that it has now.

use port_registry::{
    Allocation, AppOrigin, Checkout, CheckoutName, Claim, Error, LabelOrigin, Labels,
};

use super::finding::{Finding, Issue};
use crate::output::wording::{self, count};
use crate::report::Report;

/// Describes the name of a checkout with the rule that gave it, as far as that is known.
pub(super) fn name_with_rule(
    name: &CheckoutName,
    own: &[&Allocation],
    labels: Option<&Labels>,
) -> String {
    let line = format!("its name is {name} since its first allocation");
    let is_first = |it: &&&Allocation| {
        it.label_origin.is_detected() && is_called(name, (it.key.app(), it.key.instance()))
    };
    let Some(first) = own.iter().find(is_first) else {
        return format!("{line}, which is released");
    };
    // The source of its app is not recorded. It is the current one if that gives the name still.
    let is_current = |it: &&Labels| {
        let is_outside = |origin| origin == LabelOrigin::Folder;
        it.app.as_deref() == Some(name.app())
            && is_outside(it.origin) == is_outside(first.label_origin)
    };
    let app = labels.filter(is_current).map(|it| it.app_origin);
    format!("{line}: {}", rule(app, first.label_origin))
}

/// Adds the labels that a checkout has now to a finding, compared with its name. Without a name, they are the ones that its
/// first allocation would get.
pub(super) fn compare(
    finding: Finding,
    checkout: &Checkout,
    name: Option<&CheckoutName>,
    all: &[Allocation],
) -> Finding {
    let claims = match claims(checkout) {
        Ok(claims) => claims,
        // A folder without a name for one is not wrong.
        Err(error) => return finding.with(Issue::warning_of(Report::from(error))),
    };
    let key = claims[0].key();
    let detected = (key.app(), key.instance());
    let other = other_checkout(all, checkout, detected);
    let comparison = match name {
        None => Some(without_name(checkout, &claims[0], other)),
        Some(name) if is_called(name, detected) => None,
        Some(name) if is_marked(name, &claims) => Some(mark(&joined(detected), other)),
        Some(name) => Some(change(&claims[0], name, &joined(detected))),
    };
    let labels = name.map_or(detected, |name| (name.app(), name.instance()));
    let unowned = match unowned(all, checkout, labels) {
        0 => None,
        number => Some(format!(
            "{} with these labels and without an existing checkout can pass on to this one",
            count(number, "allocation")
        )),
    };
    let lines = [comparison, unowned].into_iter().flatten();
    lines.fold(finding, Finding::detail)
}

/// Tells the name that the first allocation would give.
fn without_name(checkout: &Checkout, claim: &Claim, other: Option<&str>) -> String {
    let key = claim.key();
    let labels = joined((key.app(), key.instance()));
    if let (Some(other), Some(marked)) = (other, claim.marked_instance()) {
        let name = joined((key.app(), marked));
        return format!(
            "it has no name yet; `portctl get` would name it {name}, because {labels} is the name of another checkout, \
             {other}"
        );
    }
    let app = checkout.labels().ok().map(|it| it.app_origin);
    let rule = rule(app, claim.label_origin());
    format!("it has no name yet; `portctl get` would name it {labels}: {rule}")
}

fn mark(labels: &str, other: Option<&str>) -> String {
    match other {
        Some(other) => {
            format!("it has a mark, because {labels} is the name of another checkout, {other}")
        }
        None => format!("it has a mark, because {labels} was the name of another checkout"),
    }
}

fn change(claim: &Claim, name: &CheckoutName, labels: &str) -> String {
    // A repository without an installed git counts as outside of git.
    let caller = match claim.label_origin() {
        LabelOrigin::Folder => "outside of git, it would now be called",
        _ => "git would now call it",
    };
    format!("{caller} {labels}; it stays {name} until its last port is released")
}

fn joined((app, instance): (&str, &str)) -> String {
    format!("{app}/{instance}")
}

/// Describes the sources of a detected app, if it is known, and of an instance.
fn rule(app: Option<AppOrigin>, instance: LabelOrigin) -> String {
    let app = match app {
        Some(AppOrigin::Remote) => Some("the app from the URL of origin"),
        Some(AppOrigin::Repository) => Some("the app from the repository's folder"),
        Some(AppOrigin::Submodule) => Some("the app from the submodule's name"),
        Some(AppOrigin::Folder) => Some("the app from the folder"),
        Some(AppOrigin::ProjectFile) => Some("the app from portctl.toml"),
        None => None,
    };
    let instance = match instance {
        LabelOrigin::Branch => "the instance from the branch",
        LabelOrigin::Worktree => "the instance from git's name of the worktree",
        LabelOrigin::Detached => "the instance from the commit, because no branch was checked out",
        _ => "the instance as everywhere outside of git",
    };
    match app {
        Some(app) => format!("{app}, {instance}"),
        None => instance.to_owned(),
    }
}

fn is_called(name: &CheckoutName, labels: (&str, &str)) -> bool {
    (name.app(), name.instance()) == labels
}

/// Makes a claim for each length of marks.
fn claims(checkout: &Checkout) -> Result<Vec<Claim>, Error> {
    let lengths = Checkout::MARK_LENGTHS.into_iter();
    lengths
        .map(|length| checkout.claim("any", None, length))
        .collect()
}

fn is_marked(name: &CheckoutName, claims: &[Claim]) -> bool {
    let mut claims = claims.iter();
    claims.any(|claim| {
        name.app() == claim.key().app() && Some(name.instance()) == claim.marked_instance()
    })
}

/// Returns another existing checkout with these labels as its name.
fn other_checkout<'a>(
    all: &'a [Allocation],
    checkout: &Checkout,
    labels: (&str, &str),
) -> Option<&'a str> {
    let mut others = all.iter().filter(|it| {
        let name = it.checkout_name();
        name.is_some_and(|name| is_called(&name, labels))
    });
    let other = others.find(|it| it.belongs_to_other_checkout(checkout.root()))?;
    Some(wording::checkout(other))
}

/// Counts the allocations with these labels that belong to no checkout, or to one that is gone.
fn unowned(all: &[Allocation], checkout: &Checkout, labels: (&str, &str)) -> usize {
    let labelled = all.iter().filter(|it| {
        let is_own = it.dir.as_deref() == Some(checkout.root());
        !is_own && (it.key.app(), it.key.instance()) == labels
    });
    let unowned = labelled.filter(|it| !it.belongs_to_other_checkout(checkout.root()));
    unowned.count()
}
