//! Allocations that nothing needs any more, and those that may look like it.

use std::collections::BTreeMap;
use std::fmt;

use port_registry::daemon::full_message;
use port_registry::{
    Allocation, AllocationId, Checkout, CheckoutPath, CheckoutState, Error, LabelOrigin,
    OutOfReach, Port,
};
use serde::{Serialize, Serializer};

use crate::conflict;
use crate::output::wording::count;

/// The reason why nothing needs an allocation any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PruneReason {
    /// Its checkout certainly no longer exists.
    CheckoutGone,
    /// Its branch is deleted.
    BranchDeleted,
    /// Its commit is no longer checked out.
    CommitLeft,
}

impl fmt::Display for PruneReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PruneReason::CheckoutGone => "checkout gone",
            PruneReason::BranchDeleted => "branch deleted",
            PruneReason::CommitLeft => "commit left",
        })
    }
}

impl Serialize for PruneReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An allocation that nothing needs any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Prunable {
    #[serde(flatten)]
    pub(crate) allocation: Allocation,
    pub(crate) reason: PruneReason,
}

/// The allocations of a checkout that may only be out of reach. They are never pruned.
#[derive(Debug)]
pub(crate) struct Unreached {
    pub(crate) dir: CheckoutPath,
    pub(crate) reason: OutOfReach,
    /// At least one.
    pub(crate) ids: Vec<AllocationId>,
}

/// An allocation that would be prunable if nothing listened on its port.
#[derive(Debug)]
pub(crate) struct InUse {
    pub(crate) allocation: Allocation,
    pub(crate) reason: PruneReason,
    /// The use of the port, to follow `port 3000 is`.
    pub(crate) usage: String,
}

/// The allocations by the state of their checkouts.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Ordered by id.
    pub(crate) prunable: Vec<Prunable>,
    pub(crate) in_use: Vec<InUse>,
    pub(crate) unreached: Vec<Unreached>,
    /// The number of checkouts that exist.
    pub(crate) existing: usize,
    /// The problems of checkouts whose branches are unknown.
    pub(crate) failures: Vec<String>,
}

impl Survey {
    /// Looks at each checkout once, and asks for the use of each port that nothing needs any more. `usage_of`
    /// describes it if something may listen there.
    pub(crate) fn of<E>(
        allocations: &[Allocation],
        mut usage_of: impl FnMut(Port) -> Result<Option<String>, E>,
    ) -> Result<Survey, E> {
        let mut checkouts: BTreeMap<&CheckoutPath, Vec<&Allocation>> = BTreeMap::new();
        for allocation in allocations {
            if let Some(dir) = &allocation.dir {
                checkouts.entry(dir).or_default().push(allocation);
            }
        }
        let mut survey = Survey::default();
        for (dir, allocations) in checkouts {
            match allocations[0].checkout_state() {
                Some(CheckoutState::Gone) => {
                    for allocation in allocations {
                        let usage = usage_of(allocation.port)?;
                        survey.add(allocation.clone(), PruneReason::CheckoutGone, usage);
                    }
                }
                Some(CheckoutState::OutOfReach(reason)) => survey.unreached.push(Unreached {
                    dir: dir.clone(),
                    reason,
                    ids: allocations.iter().map(|it| it.id).collect(),
                }),
                _ => {
                    survey.existing += 1;
                    let own: Vec<Allocation> = allocations.into_iter().cloned().collect();
                    for (leftover, reason) in survey.leftovers(dir, &own) {
                        let usage = usage_of(leftover.port)?;
                        survey.add(leftover, reason, usage);
                    }
                }
            }
        }
        survey.prunable.sort_by_key(|it| it.allocation.id);
        survey.in_use.sort_by_key(|it| it.allocation.id);
        Ok(survey)
    }

    /// Finds the allocations of branches and commits that an existing checkout has left for good.
    fn leftovers(
        &mut self,
        dir: &CheckoutPath,
        own: &[Allocation],
    ) -> Vec<(Allocation, PruneReason)> {
        let found = match Checkout::open(dir) {
            // Something else is at its place.
            Ok(checkout) if *checkout.root() != **dir => return Vec::new(),
            Ok(checkout) => checkout.leftovers(own),
            Err(error) => Err(error),
        };
        match found {
            Ok(found) => found
                .into_iter()
                .map(|it| {
                    let reason = match it.label_origin {
                        LabelOrigin::Detached => PruneReason::CommitLeft,
                        _ => PruneReason::BranchDeleted,
                    };
                    (it.clone(), reason)
                })
                .collect(),
            Err(error) => {
                self.failures.push(match error {
                    // To name labels does not help here.
                    Error::Checkout { folder, source, .. } => {
                        format!("{}: {source}", folder.display())
                    }
                    error => full_message(&error),
                });
                Vec::new()
            }
        }
    }

    fn add(&mut self, allocation: Allocation, reason: PruneReason, usage: Option<String>) {
        match usage {
            Some(usage) => self.in_use.push(InUse {
                allocation,
                reason,
                usage,
            }),
            None => self.prunable.push(Prunable { allocation, reason }),
        }
    }
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = count(self.ids.len(), "allocation");
        write!(f, "{number} of {}, which {}", self.dir, self.reason)
    }
}

impl Unreached {
    /// The command that releases the allocations all the same.
    pub(crate) fn advice(&self) -> String {
        let object = if self.ids.len() == 1 { "it" } else { "one" };
        format!("`portctl release --id {}` releases {object}", self.ids[0])
    }
}

impl fmt::Display for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InUse {
            allocation, usage, ..
        } = self;
        write!(
            f,
            "port {} of {}, which is {usage}",
            allocation.port, allocation.key
        )
    }
}

impl InUse {
    /// The command that releases the allocation all the same.
    pub(crate) fn advice(&self) -> String {
        let command = conflict::release_command(&self.allocation);
        format!("{command} releases it")
    }
}
