//! Claims on the ports of a Compose project, which are sent as one batch.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use port_registry::{Allocation, Claim, Error, Filter, ListenerPolicy, Port, PortUsage};

use super::super::invocation::Invocation;
use super::super::services::claiming::{Got, note_of_mark};
use super::super::services::preferred::{self, Takeover};
use super::port_ranges::{RangeOfPorts, WantedPort, consecutive};
use crate::backend::{Backend, BackendError, Claimed, ItemError};
use crate::checkout::{Here, with_marks};
use crate::command_error::CommandError;
use crate::compose::host_ports::HostPort;
use crate::conflict;
use crate::env_file::variables::first_clash;
use crate::whose::Whose;

/// The number of batches that are tried. A batch is refused if someone else took a port since it was chosen.
const MAX_BATCHES: usize = 100;

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
#[derive(Clone, Copy, Debug)]
enum Choice {
    // The engine may bind ports that this user may not, such as 80, so that a preference is not enough.
    Named(Port, ListenerPolicy),
    Any,
}

/// The position of a service, with the port that was chosen for it.
type ChosenPort = (usize, Port, ListenerPolicy);

impl PortClaims<'_> {
    /// Returns the allocation of each wanted port, in their order.
    pub(super) fn get_or_allocate(
        &self,
        wanted: &[WantedPort],
        existing: &[Allocation],
    ) -> Result<Got, CommandError> {
        let mut notes = Vec::new();
        let mut allocations: Vec<Option<Allocation>> =
            wanted.iter().map(|it| it.held.clone()).collect();
        if allocations.iter().any(Option::is_none) {
            self.refuse_clash(existing, wanted)?;
            let is_first = self.here.name().is_none();
            let (claims, claimed) = self.send(wanted)?;
            let missing = allocations.iter_mut().zip(wanted);
            let missing = missing.filter(|(it, _)| it.is_none());
            let mut mark = None;
            for (((allocation, wanted), claim), claimed) in missing.zip(&claims).zip(claimed) {
                let new = allocation.insert(claimed.allocation);
                if claimed.is_new {
                    notes.extend(self.note_of_new(wanted, new));
                    mark = mark.or_else(|| Some((claim, new.clone())));
                }
            }
            let mark = mark.filter(|_| is_first);
            notes.extend(mark.and_then(|(claim, first)| note_of_mark(self.backend, claim, &first)));
        }
        let allocations = allocations.into_iter().flatten().collect();
        Ok(Got { allocations, notes })
    }

    /// Sends a claim for each service without a port, as long as others take the ports that are chosen.
    fn send(&self, wanted: &[WantedPort]) -> Result<(Vec<Claim>, Vec<Claimed>), CommandError> {
        let published = wanted.iter().filter_map(|it| it.host_port.as_ref());
        let published: BTreeSet<Port> = published.map(|it| it.published).collect();
        // Services that another process gave ports meanwhile. They keep these.
        let mut settled: BTreeSet<&str> = BTreeSet::new();
        let mut batches = 0;
        loop {
            let choices = self.choices(wanted, &published, &settled)?;
            let named = choices.iter().filter_map(|(_, choice)| match choice {
                Choice::Named(port, _) => Some(port),
                Choice::Any => None,
            });
            let avoided: BTreeSet<Port> = published.iter().chain(named).copied().collect();
            let (claims, outcome) = with_marks(
                |length| self.claims(&choices, &avoided, length),
                |claims| {
                    self.backend
                        .get_or_allocate(&claims.iter().collect::<Vec<_>>())
                },
            )?;
            let errors = match outcome {
                Ok(claimed) => return Ok((claims, claimed)),
                Err(errors) => errors,
            };
            batches += 1;
            let other_ports = errors.iter().filter(|it| has_other_port(it));
            settled.extend(other_ports.map(|it| choices[it.index].0));
            let is_over = |it: &ItemError| !has_other_port(it) && !is_taken(it, &claims);
            if errors.iter().any(is_over) || batches == MAX_BATCHES {
                return Err(conflict::report_first(self.backend, &claims, errors).into());
            }
        }
    }

    /// Chooses ports for the services without any, by what the registry and the system tell now.
    fn choices<'w>(
        &self,
        wanted: &'w [WantedPort],
        published: &BTreeSet<Port>,
        settled: &BTreeSet<&str>,
    ) -> Result<Vec<(&'w str, Choice)>, CommandError> {
        let allocated = self.backend.list(&Filter::new())?;
        let mut taken: BTreeSet<Port> = allocated.iter().map(|it| it.port).collect();
        let mut choices: Vec<Option<Choice>> = vec![None; wanted.len()];
        for range in self.ranges {
            let range = RangeOfPorts::of(range, wanted);
            if range.has_one_of(settled) {
                continue;
            }
            for (index, port, policy) in self.ports_of_range(&range, &taken, published)? {
                taken.insert(port);
                choices[index] = Some(Choice::Named(port, policy));
            }
        }
        let mut missing = Vec::new();
        for (it, choice) in wanted.iter().zip(choices) {
            if it.held.is_some() {
                continue;
            }
            let preferred = it.host_port.as_ref().map(|it| it.preferred);
            let is_settled = settled.contains(&*it.name);
            let preferred =
                preferred.filter(|it| self.prefers && !is_settled && !taken.contains(it));
            let choice = match (choice, preferred) {
                (Some(choice), _) => choice,
                (None, None) => Choice::Any,
                (None, Some(port)) => match self.policy(port)? {
                    None => Choice::Any,
                    Some(policy) => {
                        taken.insert(port);
                        Choice::Named(port, policy)
                    }
                },
            };
            missing.push((&*it.name, choice));
        }
        Ok(missing)
    }

    /// Chooses the ports for the services of a range that have none.
    fn ports_of_range(
        &self,
        range: &RangeOfPorts,
        taken: &BTreeSet<Port>,
        published: &BTreeSet<Port>,
    ) -> Result<Vec<ChosenPort>, CommandError> {
        if range.is_complete() {
            return Ok(Vec::new());
        }
        if range.has_held() {
            let missing = range.start_of_held().and_then(|it| range.missing_at(it));
            let ports = missing.map(|it| self.usable(it, taken)).transpose()?;
            let ports = ports.and_then(Result::ok);
            return ports.ok_or_else(|| range.cannot_grow(self.invocation).into());
        }
        let at = |start| range.missing_at(start).unwrap_or_default();
        if self.prefers
            && let Ok(ports) = self.usable(at(range.first()), taken)?
        {
            return Ok(ports);
        }
        let unusable = taken.iter().chain(published).map(|it| it.get());
        let mut unusable: BTreeSet<u16> = unusable.collect();
        loop {
            let start = consecutive(&unusable, range.len())?;
            match self.usable(at(start), taken)? {
                Ok(ports) => return Ok(ports),
                Err(port) => unusable.insert(port.get()),
            };
        }
    }

    /// Returns these ports with their policies, or the first one that is taken or in use.
    fn usable(
        &self,
        ports: Vec<(usize, Port)>,
        taken: &BTreeSet<Port>,
    ) -> Result<Result<Vec<ChosenPort>, Port>, CommandError> {
        let mut usable = Vec::with_capacity(ports.len());
        for (index, port) in ports {
            if taken.contains(&port) {
                return Ok(Err(port));
            }
            let Some(policy) = self.policy(port)? else {
                return Ok(Err(port));
            };
            usable.push((index, port, policy));
        }
        Ok(Ok(usable))
    }

    /// Returns the policy for a port that is not allocated, or `None` if it is in use. One that only this checkout's own
    /// containers have, or a connection that was made from it and is not over, is adopted.
    fn policy(&self, port: Port) -> Result<Option<ListenerPolicy>, CommandError> {
        if self.is_remote {
            return Ok(Some(ListenerPolicy::Adopt));
        }
        let Some(in_use) = self.backend.check(port)?.in_use else {
            return Ok(Some(ListenerPolicy::Refuse));
        };
        let is_connection = matches!(in_use.usage, PortUsage::Connected | PortUsage::Closing);
        let is_ours = Whose::of(&in_use, Some(self.here.checkout()?.root())) == Whose::Ours;
        let is_container = in_use.listener.is_some_and(|it| it.container.is_some());
        let is_adopted = is_connection || (is_ours && is_container);
        Ok(is_adopted.then_some(ListenerPolicy::Adopt))
    }

    fn claims(
        &self,
        choices: &[(&str, Choice)],
        avoided: &BTreeSet<Port>,
        mark_length: usize,
    ) -> Result<Vec<Claim>, CommandError> {
        let claims = choices.iter().map(|(name, choice)| {
            let claim = self.here.claim(name, mark_length)?;
            Ok(match *choice {
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

    /// Refuses a new service whose variable another one has.
    fn refuse_clash(
        &self,
        existing: &[Allocation],
        wanted: &[WantedPort],
    ) -> Result<(), CommandError> {
        let missing = wanted.iter().filter(|it| it.held.is_none());
        let names: Vec<&str> = missing.map(|it| &*it.name).collect();
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
        let is_single = |port: &&HostPort| {
            let mut ranges = self.ranges.iter();
            !ranges.any(|it| it.contains(&port.published.get()))
        };
        let port = wanted.host_port.as_ref().filter(|_| self.prefers);
        if let Some(port) = port.filter(is_single) {
            // An error in the project file was reported before.
            let declared = self.here.declarations().ok().flatten();
            notes.extend(preferred::note_of_new(
                self.backend,
                self.invocation,
                declared,
                new,
                port.preferred,
                // Docker binds the port itself.
                Takeover::AfterStop,
            ));
        }
        notes
    }
}

/// Tests if a claim was refused because its service has another port.
fn has_other_port(it: &ItemError) -> bool {
    matches!(it.error, BackendError::Registry(Error::ServiceTaken { .. }))
}

/// Tests if a claim was refused because someone took its port.
fn is_taken(it: &ItemError, claims: &[Claim]) -> bool {
    let is_port = matches!(
        it.error,
        BackendError::Registry(Error::PortTaken { .. } | Error::PortInUse { .. })
    );
    is_port && claims[it.index].port().is_some()
}
