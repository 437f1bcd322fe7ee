//! Claims on the ports of a Compose project, which are sent as one batch.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use port_registry::{
    Allocation, Builder, Claim, Error, Filter, ListenerPolicy, Port, PortRange, PortUsage,
};

use super::super::invocation::Invocation;
use super::super::services::claiming::{Got, note_of_mark};
use super::super::services::preferred;
use crate::backend::{Backend, BackendError, Claimed, ItemError};
use crate::checkout::{Here, with_marks};
use crate::command_error::CommandError;
use crate::compose::host_ports::HostPort;
use crate::conflict;
use crate::env_file::variables::first_clash;
use crate::report::Report;
use crate::whose::Whose;

/// The number of batches that are tried. A batch is refused if a port was taken since it was looked at.
const MAX_BATCHES: usize = 1000;

/// The first port that is tried for a range, as the registry does for single ports.
const FIRST_PORT: u16 = 3000;

/// A service that is to have a port.
#[derive(Debug)]
pub(super) struct WantedPort {
    name: String,
    /// `None` for a service that only the project file declares.
    host_port: Option<HostPort>,
    pub(super) held: Option<Allocation>,
}

impl WantedPort {
    pub(super) fn of_project(port: &HostPort) -> WantedPort {
        WantedPort {
            name: port.name.clone(),
            host_port: Some(port.clone()),
            held: None,
        }
    }

    pub(super) fn of_declared(name: &str) -> WantedPort {
        WantedPort {
            name: name.to_owned(),
            host_port: None,
            held: None,
        }
    }
}

/// The ports of a project that are to be allocated.
pub(super) struct PortClaims<'a> {
    pub(super) backend: &'a dyn Backend,
    pub(super) here: &'a Here<'a>,
    pub(super) invocation: &'a Invocation,
    /// The published ranges whose ports have to be consecutive.
    pub(super) ranges: &'a [RangeInclusive<u16>],
    /// The checkout gets the preferred ports if they are available. A linked worktree leaves them to the main checkout.
    pub(super) prefers: bool,
    pub(super) is_remote: bool,
}

/// The port that a service without one is to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    Named(Port, ListenerPolicy),
    Any,
}

/// A service without a port.
#[derive(Debug)]
struct Missing {
    /// The position among the wanted ports.
    index: usize,
    choice: Choice,
    /// The position of its range.
    range: Option<usize>,
}

impl PortClaims<'_> {
    /// Returns the allocation of each wanted port, in their order.
    pub(super) fn get_or_allocate(
        &self,
        wanted: &[WantedPort],
        existing: &[Allocation],
    ) -> Result<Got, CommandError> {
        let mut avoided: BTreeSet<Port> = wanted
            .iter()
            .filter_map(|it| Some(it.host_port.as_ref()?.published))
            .collect();
        let mut missing = self.missing(wanted, &mut avoided)?;
        let mut notes = Vec::new();
        let mut allocations: Vec<Option<Allocation>> =
            wanted.iter().map(|it| it.held.clone()).collect();
        if !missing.is_empty() {
            self.refuse_clash(existing, &missing, wanted)?;
            let is_first = self.here.name().is_none();
            let (claims, claimed) = self.send(&mut missing, wanted, &mut avoided)?;
            let mut new = Vec::new();
            for ((it, claim), claimed) in missing.iter().zip(&claims).zip(claimed) {
                let allocation = claimed.allocation;
                if claimed.is_new {
                    new.push((claim, allocation.clone()));
                    notes.extend(self.note_of_new(&wanted[it.index], &allocation));
                }
                allocations[it.index] = Some(allocation);
            }
            if is_first && let Some((claim, first)) = new.first() {
                notes.extend(note_of_mark(self.backend, claim, first));
            }
        }
        let allocations = allocations.into_iter().flatten().collect();
        Ok(Got { allocations, notes })
    }

    /// Chooses what to claim first for the services without ports. Those of ranges come first, because the others avoid none of
    /// the ports that are chosen for ranges.
    fn missing(
        &self,
        wanted: &[WantedPort],
        avoided: &mut BTreeSet<Port>,
    ) -> Result<Vec<Missing>, CommandError> {
        let of_wanted = wanted
            .iter()
            .enumerate()
            .filter(|(_, it)| it.held.is_none());
        let mut missing: Vec<Missing> = of_wanted
            .map(|(index, it)| Missing {
                index,
                choice: self.first_choice(it),
                range: it.host_port.as_ref().and_then(|it| self.range_of(it)),
            })
            .collect();
        missing.sort_by_key(|it| it.range.is_none());
        for index in 0..self.ranges.len() {
            let held = self.start_of_held(wanted, index)?;
            if let Some(start) = held {
                self.place_range(&mut missing, wanted, index, start);
            } else if !self.prefers {
                self.move_range(&mut missing, wanted, index, avoided)?;
            }
        }
        Ok(missing)
    }

    fn first_choice(&self, wanted: &WantedPort) -> Choice {
        match &wanted.host_port {
            Some(port) if self.prefers => {
                let policy = if self.is_remote {
                    ListenerPolicy::Adopt
                } else {
                    ListenerPolicy::Refuse
                };
                let preferred = match self.range_of(port) {
                    Some(_) => port.published,
                    None => port.preferred,
                };
                // Named, because the engine may bind ports that this user may not, such as 80.
                Choice::Named(preferred, policy)
            }
            _ => Choice::Any,
        }
    }

    /// Returns the position of the range that a port is in.
    fn range_of(&self, port: &HostPort) -> Option<usize> {
        let published = port.published.get();
        self.ranges.iter().position(|it| it.contains(&published))
    }

    /// Sends the claims until none of them is refused.
    fn send(
        &self,
        missing: &mut [Missing],
        wanted: &[WantedPort],
        avoided: &mut BTreeSet<Port>,
    ) -> Result<(Vec<Claim>, Vec<Claimed>), CommandError> {
        for _ in 0..MAX_BATCHES {
            let (claims, outcome) = with_marks(
                |length| self.claims(missing, wanted, avoided, length),
                |claims| {
                    self.backend
                        .get_or_allocate(&claims.iter().collect::<Vec<_>>())
                },
            )?;
            let errors = match outcome {
                Ok(claimed) => return Ok((claims, claimed)),
                Err(errors) => errors,
            };
            if errors.iter().any(|it| !is_refused_port(it, missing)) {
                return Err(conflict::report_first(self.backend, &claims, errors).into());
            }
            let mut ranges = BTreeSet::new();
            for ItemError { index, error } in &errors {
                let Choice::Named(port, _) = missing[*index].choice else {
                    continue;
                };
                if self.may_be_adopted(error, &claims[*index])? {
                    missing[*index].choice = Choice::Named(port, ListenerPolicy::Adopt);
                } else if let Some(range) = missing[*index].range {
                    avoided.insert(port);
                    ranges.insert(range);
                } else {
                    missing[*index].choice = Choice::Any;
                }
            }
            for range in ranges {
                if self.start_of_held(wanted, range)?.is_some() {
                    return Err(conflict::report_first(self.backend, &claims, errors).into());
                }
                self.move_range(missing, wanted, range, avoided)?;
            }
        }
        Err(
            Report::new("other processes took the ports that were chosen")
                .hint("run the command again")
                .into(),
        )
    }

    fn claims(
        &self,
        missing: &[Missing],
        wanted: &[WantedPort],
        avoided: &BTreeSet<Port>,
        mark_length: usize,
    ) -> Result<Vec<Claim>, CommandError> {
        let claims = missing.iter().map(|it| {
            let claim = self.here.claim(&wanted[it.index].name, mark_length)?;
            Ok(match it.choice {
                Choice::Named(port, policy) => claim.with_port(port).with_listener_policy(policy),
                Choice::Any => {
                    let declared = claim.avoided_ports().iter().chain(avoided);
                    let all: Vec<Port> = declared.copied().collect();
                    claim.with_avoided_ports(all)
                }
            })
        });
        claims.collect()
    }

    /// Tests if a port was refused only because this checkout's own containers have it, or because a connection that was made
    /// from it is not over.
    fn may_be_adopted(&self, error: &BackendError, claim: &Claim) -> Result<bool, CommandError> {
        let BackendError::Registry(Error::PortInUse { port }) = error else {
            return Ok(false);
        };
        let Some(in_use) = self.backend.check(*port)?.in_use else {
            return Ok(true);
        };
        let is_ours = Whose::of(&in_use, claim.dir().map(|dir| &**dir)) == Whose::Ours;
        let is_connection = matches!(in_use.usage, PortUsage::Connected | PortUsage::Closing);
        let is_container = in_use.listener.is_some_and(|it| it.container.is_some());
        Ok(is_connection || (is_ours && is_container))
    }

    /// Returns the port at which a range begins, if some of its ports are allocated.
    ///
    /// # Errors
    ///
    /// Fails if others are missing, and cannot be consecutive with them.
    fn start_of_held(
        &self,
        wanted: &[WantedPort],
        range: usize,
    ) -> Result<Option<u16>, CommandError> {
        let members = self.members(wanted, range);
        let held = members.iter().filter_map(|(offset, it)| {
            let port = it.held.as_ref()?.port.get();
            Some(port.checked_sub(*offset))
        });
        let starts: BTreeSet<Option<u16>> = held.collect();
        let is_complete = members.iter().all(|(_, it)| it.held.is_some());
        let mut starts = starts.into_iter();
        match (starts.next(), starts.next()) {
            (None, _) => Ok(None),
            (Some(Some(start)), None) => Ok(Some(start)),
            _ if is_complete => Ok(None),
            _ => {
                let held = members.iter().filter(|(_, it)| it.held.is_some());
                let names: Vec<&str> = held.map(|(_, it)| &*it.name).collect();
                let line = self.invocation.of("release").with(&names);
                let range = &self.ranges[range];
                let problem = format!(
                    "the range {}-{} cannot get consecutive ports, because some are allocated to its services already",
                    range.start(),
                    range.end()
                );
                Err(Report::new(problem)
                    .hint(format!("`{line}` releases these"))
                    .into())
            }
        }
    }

    /// Returns the services of a range with their distances from its begin.
    fn members<'a>(&self, wanted: &'a [WantedPort], range: usize) -> Vec<(u16, &'a WantedPort)> {
        let start = *self.ranges[range].start();
        let members = wanted.iter().filter_map(|it| {
            let port = it.host_port.as_ref()?;
            let offset = port.published.get().checked_sub(start)?;
            (self.range_of(port) == Some(range)).then_some((offset, it))
        });
        members.collect()
    }

    /// Chooses consecutive ports for a range that are not allocated, as far as is known.
    fn move_range(
        &self,
        missing: &mut [Missing],
        wanted: &[WantedPort],
        range: usize,
        avoided: &BTreeSet<Port>,
    ) -> Result<(), CommandError> {
        let members = missing.iter().filter(|it| it.range == Some(range));
        if members.count() == 0 {
            return Ok(());
        }
        let allocated = self.backend.list(&Filter::new())?;
        let mut taken: BTreeSet<u16> = allocated.iter().map(|it| it.port.get()).collect();
        taken.extend(avoided.iter().map(|it| it.get()));
        taken.extend(chosen(missing, range));
        let length = self.ranges[range].len();
        let allowed = Builder::from_env()?.range().unwrap_or(PortRange::ALL);
        let Some(start) = consecutive(&taken, allowed, length) else {
            let report = Report::new(format!("no {length} consecutive ports are available"));
            return Err(report
                .hint("`portctl prune` shows those that nothing needs")
                .into());
        };
        self.place_range(missing, wanted, range, start);
        Ok(())
    }

    fn place_range(
        &self,
        missing: &mut [Missing],
        wanted: &[WantedPort],
        range: usize,
        start: u16,
    ) {
        let first = *self.ranges[range].start();
        for it in missing.iter_mut().filter(|it| it.range == Some(range)) {
            let published = wanted[it.index]
                .host_port
                .as_ref()
                .map(|it| it.published.get());
            let offset = published.and_then(|it| it.checked_sub(first));
            let port = offset.and_then(|it| Port::new(start.checked_add(it)?).ok());
            if let Some(port) = port {
                it.choice = Choice::Named(port, ListenerPolicy::Refuse);
            }
        }
    }

    /// Refuses a new service whose variable another one has.
    fn refuse_clash(
        &self,
        existing: &[Allocation],
        missing: &[Missing],
        wanted: &[WantedPort],
    ) -> Result<(), CommandError> {
        let name = |it: &Missing| &*wanted[it.index].name;
        let names: Vec<&str> = missing.iter().map(name).collect();
        let existing_names = existing.iter().map(|it| it.key.service());
        let variables = self.here.variable_names(existing_names)?;
        match first_clash(existing, &variables, names.iter().copied()) {
            None => Ok(()),
            Some(clash) => Err(clash
                .report(names[clash.index])
                .hint(
                    "declare the service in portctl.toml with another variable, as in `db = { env = \"OTHER_DB_PORT\" }`",
                )
                .into()),
        }
    }

    fn note_of_new(&self, wanted: &WantedPort, new: &Allocation) -> Vec<String> {
        let mut notes: Vec<String> = self.here.hidden_by_variable(new).into_iter().collect();
        if let Some(port) = wanted.host_port.as_ref().filter(|_| self.prefers) {
            // An error in the project file was reported before.
            let declared = self.here.declarations().ok().flatten();
            notes.extend(preferred::note_of_new(
                self.backend,
                self.invocation,
                declared,
                new,
                port.preferred,
            ));
        }
        notes
    }
}

/// Tests if an error means that another port has to be chosen.
fn is_refused_port(it: &ItemError, missing: &[Missing]) -> bool {
    let is_port = matches!(
        it.error,
        BackendError::Registry(Error::PortTaken { .. } | Error::PortInUse { .. })
    );
    is_port && matches!(missing[it.index].choice, Choice::Named(..))
}

/// Returns the ports that are chosen for others than this range.
fn chosen(missing: &[Missing], range: usize) -> impl Iterator<Item = u16> {
    let others = missing.iter().filter(move |it| it.range != Some(range));
    others.filter_map(|it| match it.choice {
        Choice::Named(port, _) => Some(port.get()),
        Choice::Any => None,
    })
}

/// Returns the first of so many consecutive ports that are allowed and not taken. Those below the usual ones come last.
fn consecutive(taken: &BTreeSet<u16>, allowed: PortRange, length: usize) -> Option<u16> {
    let last_offset = u16::try_from(length).ok()?.checked_sub(1)?;
    let allowed = allowed.first().get()..=allowed.last().get();
    let is_available = |start: &u16| {
        let last = start.checked_add(last_offset);
        last.is_some_and(|last| {
            let are_allowed = allowed.contains(start) && allowed.contains(&last);
            are_allowed && taken.range(*start..=last).next().is_none()
        })
    };
    let mut starts = (FIRST_PORT..=u16::MAX).chain(1024..FIRST_PORT);
    starts.find(is_available)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use port_registry::PortRange;

    use super::consecutive;

    #[test]
    fn range_begins_at_the_first_gap_that_is_long_enough() {
        for (taken, length, expected) in [
            (&[][..], 3, Some(3000)),
            (&[3001, 3004], 3, Some(3005)),
            (&[3001, 3004], 2, Some(3002)),
            (&[3001], 1, Some(3000)),
        ] {
            let taken: BTreeSet<u16> = taken.iter().copied().collect();
            assert_eq!(consecutive(&taken, PortRange::ALL, length), expected);
        }
        let high: BTreeSet<u16> = (3000..=u16::MAX).collect();
        assert_eq!(consecutive(&high, PortRange::ALL, 2), Some(1024));
        let allowed = "4000-4001".parse().unwrap();
        assert_eq!(consecutive(&BTreeSet::new(), allowed, 2), Some(4000));
        assert_eq!(consecutive(&BTreeSet::new(), allowed, 3), None);
        let all: BTreeSet<u16> = (0..=u16::MAX).collect();
        assert_eq!(consecutive(&all, PortRange::ALL, 1), None);
    }
}
