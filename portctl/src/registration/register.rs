//! The registration of ports.

use port_registry::{Allocation, Checkout, Claim, Error, ListenerPolicy, PortUse, ServiceKey};

use super::conflict::RegistrationConflict;
use crate::backend::{Backend, BackendError, ItemError, submit};
use crate::checkout::{Here, with_marks};
use crate::command_error::CommandError;
use crate::env_file::variables;
use crate::report::Report;
use crate::scan::FixedPort;
use crate::whose::Whose;

/// The registration of the ports of a project for a checkout.
pub(crate) struct Registration<'a> {
    pub(crate) backend: &'a dyn Backend,
    pub(crate) here: &'a Here<'a>,
    /// The treatment of processes whose checkout is unknown.
    pub(crate) policy: ListenerPolicy,
    /// The command line that adopts such processes.
    pub(crate) adopt_command: String,
}

impl Registration<'_> {
    /// Allocates the ports that were found, except guesses: all of them or none. Returns the new ones with their
    /// claims.
    pub(crate) fn register(
        &self,
        fixed_ports: &[FixedPort],
    ) -> Result<Vec<(Claim, Allocation)>, CommandError> {
        let Registration { backend, here, .. } = self;
        let certain = fixed_ports.iter().filter(|fixed_port| !fixed_port.guess);
        let certain: Vec<&FixedPort> = certain.collect();
        let existing = here.current()?;
        refuse_others(here, &existing, &certain)?;
        refuse_shared_variables(here, &existing, &certain)?;
        let looks: Vec<Look> = certain
            .iter()
            .map(|it| self.look(it))
            .collect::<Result<_, _>>()?;
        let (claims, registered) = with_marks(
            |length| {
                let claims = certain.iter().zip(&looks);
                claims
                    .map(
                        |(it, look)| Ok(claim(here, it, length)?.with_listener_policy(look.policy)),
                    )
                    .collect()
            },
            |claims: &[Claim]| {
                submit(
                    claims,
                    |batch| backend.get_or_allocate(batch),
                    // This checkout has the port already, for a service of another name.
                    |it| match &it.error {
                        BackendError::Registry(Error::PortTaken { holder }) => here.owns(holder),
                        _ => false,
                    },
                )
            },
        )?;
        let errors = match registered {
            Ok(claimed) => {
                let new = claimed.into_iter().filter(|(_, it)| it.is_new);
                let with_claims = new.map(|(index, it)| (claims[index].clone(), it.allocation));
                return Ok(with_claims.collect());
            }
            Err(errors) => errors,
        };
        let mut conflicts = Vec::with_capacity(errors.len());
        for ItemError { index, error } in errors {
            let BackendError::Registry(error) = error else {
                return Err(error.into());
            };
            let conflict = RegistrationConflict {
                backend: *backend,
                here,
                claim: &claims[index],
                fixed_port: certain[index],
                seen: looks[index].in_use.as_ref(),
                policy: looks[index].policy,
                adopt_command: &self.adopt_command,
            };
            conflicts.push(conflict.report(error)?);
        }
        Err(refusal(conflicts, claims.len()).into())
    }

    /// Looks who uses a port.
    fn look(&self, fixed_port: &FixedPort) -> Result<Look, CommandError> {
        let Some(in_use) = self.backend.check(fixed_port.port)?.in_use else {
            // A process that listens there from now on has to be looked at first.
            return Ok(Look {
                in_use: None,
                policy: ListenerPolicy::Refuse,
            });
        };
        let claim = claim(self.here, fixed_port, Checkout::MARK_LENGTHS[0])?;
        let whose = Whose::of(&in_use, claim.dir().map(|dir| &**dir));
        let policy = match &whose {
            Whose::Foreign(_) | Whose::Daemon => ListenerPolicy::Refuse,
            Whose::Unknown(_) => self.policy,
            Whose::Ours | Whose::Nobody => ListenerPolicy::Adopt,
        };
        Ok(Look {
            in_use: Some((in_use, whose)),
            policy,
        })
    }
}

/// A look at a port that is to be registered.
struct Look {
    /// The use, and whose it is.
    in_use: Option<(PortUse, Whose)>,
    /// The treatment of a process that uses the port.
    policy: ListenerPolicy,
}

/// Refuses services and ports of another checkout whose labels an environment variable typed. They would count as
/// registered.
fn refuse_others(
    here: &Here,
    existing: &[Allocation],
    fixed_ports: &[&FixedPort],
) -> Result<(), CommandError> {
    let is_meant = |it: &&Allocation| {
        let mut meant = fixed_ports.iter();
        meant.any(|fixed_port| fixed_port.service == it.key.service() || fixed_port.port == it.port)
    };
    let meant: Vec<Allocation> = existing.iter().filter(is_meant).cloned().collect();
    here.refuse_variable_for(&meant)
}

/// Refuses a new service whose variable would be that of another one.
fn refuse_shared_variables(
    here: &Here,
    existing: &[Allocation],
    fixed_ports: &[&FixedPort],
) -> Result<(), CommandError> {
    let services = fixed_ports.iter().map(|it| it.service.as_str());
    let names = here.variable_names(existing.iter().map(|it| it.key.service()))?;
    match variables::first_clash(existing, &names, services) {
        Some(found) => {
            let FixedPort {
                file,
                line,
                service,
                ..
            } = fixed_ports[found.index];
            Err(found
                .report(service)
                .prefixed(&format!("nothing was registered: {file}:{line}"))
                .hint("rename one of the two")
                .into())
        }
        None => Ok(()),
    }
}

fn claim(here: &Here, fixed_port: &FixedPort, mark_length: usize) -> Result<Claim, CommandError> {
    let FixedPort {
        file,
        line,
        service,
        ..
    } = fixed_port;
    // The name is from a file, so it is not a usage error.
    if let Err(error) = ServiceKey::new("any", "any", service) {
        let problem = format!("{file}:{line}: {error}, so nothing was registered");
        return Err(Report::new(problem)
            .hint("rename the service there, or scan the other files one by one")
            .into());
    }
    let claim = here.claim(service, mark_length)?;
    Ok(claim.with_port(fixed_port.port))
}

/// Reports all conflicts.
fn refusal(mut conflicts: Vec<Report>, claims: usize) -> Report {
    let count = conflicts.len();
    if count == 1 {
        return conflicts.remove(0).prefixed("nothing was registered");
    }
    let report = Report::new(format!(
        "{count} of {claims} ports cannot be registered, so none was registered"
    ));
    report.conflicts(conflicts)
}
