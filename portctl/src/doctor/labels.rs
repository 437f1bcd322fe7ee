//! The labels that a checkout has now, compared with its name.

use port_registry::{
    Allocation, Checkout, CheckoutName, Claim, Error, LabelOrigin, MARK_LENGTHS, RootKind,
};

use super::finding::{Finding, Issue};
use crate::output::wording::{self, count};
use crate::report::Report;

/// Adds the labels that a checkout has now to a finding, compared with its name. Without a name, they are the ones that its
/// first allocation would get.
pub(super) fn describe(
    finding: Finding,
    checkout: &Checkout,
    name: Option<&CheckoutName>,
    allocations: Option<&[Allocation]>,
) -> Finding {
    let claims = match claims(checkout) {
        Ok(claims) => claims,
        Err(error) => return finding.with(issue(error)),
    };
    let key = claims[0].key();
    let detected = (key.app(), key.instance());
    let Some(all) = allocations else {
        let rule = rule(claims[0].label_origin());
        return finding.detail(format!("its labels are now {}, {rule}", joined(detected)));
    };
    let other = other_checkout(all, checkout, detected);
    let comparison = match name {
        None => Some(without_name(&claims[0], other)),
        Some(name) if (name.app(), name.instance()) == detected => None,
        Some(name) if is_marked(name, &claims) => Some(mark(&joined(detected), other)),
        Some(name) => Some(change(checkout, name, &joined(detected))),
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
fn without_name(claim: &Claim, other: Option<&str>) -> String {
    let key = claim.key();
    let labels = joined((key.app(), key.instance()));
    if let (Some(other), Some(marked)) = (other, claim.marked_instance()) {
        let name = joined((key.app(), marked));
        return format!(
            "it has no name yet; `portctl get` would name it {name}, because {labels} is the name of another checkout, \
             {other}"
        );
    }
    let rule = rule(claim.label_origin());
    format!("it has no name yet; `portctl get` would name it {labels}, {rule}")
}

fn mark(labels: &str, other: Option<&str>) -> String {
    match other {
        Some(other) => {
            format!("it has a mark, because {labels} is the name of another checkout, {other}")
        }
        None => format!("it has a mark, because {labels} was the name of another checkout"),
    }
}

fn change(checkout: &Checkout, name: &CheckoutName, labels: &str) -> String {
    let caller = match checkout.root_kind() {
        RootKind::Git => "git would now call it",
        _ => "outside of git, it would now be called",
    };
    format!("{caller} {labels}; its services keep {name} until the last one is released")
}

fn joined((app, instance): (&str, &str)) -> String {
    format!("{app}/{instance}")
}

/// Describes the source of a detected instance.
pub(super) fn rule(origin: LabelOrigin) -> &'static str {
    match origin {
        LabelOrigin::Branch => "from its branch",
        LabelOrigin::Worktree => "from git's name of the worktree",
        LabelOrigin::Detached => "from its commit, without a branch",
        LabelOrigin::Folder => "from its folder, outside of git",
        _ => "as typed",
    }
}

/// Makes a claim for each length of marks.
fn claims(checkout: &Checkout) -> Result<Vec<Claim>, Error> {
    let lengths = MARK_LENGTHS.into_iter();
    lengths
        .map(|length| checkout.claim("any", length))
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
        name.is_some_and(|name| (name.app(), name.instance()) == labels)
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

/// Reports the reason why a checkout has no labels. A folder without a name for one is not wrong.
fn issue(error: Error) -> Issue {
    let is_of_git = matches!(error, Error::Checkout { .. });
    let report = Report::from(error);
    if is_of_git {
        Issue::from(report).hint("`git status` in this folder shows the problem of its repository")
    } else {
        Issue::warning_of(report)
    }
}
