//! Conflicts of ports that a scan has found.

use std::path::Path;

use port_registry::{Allocation, Claim, Error, ListenerPolicy, PortUse};

use crate::backend::Backend;
use crate::checkout::Here;
use crate::command_error::CommandError;
use crate::conflict;
use crate::environment;
use crate::output::wording;
use crate::path::folder_of;
use crate::report::Report;
use crate::scan::FixedPort;
use crate::whose::Whose;

/// A port that cannot be registered.
pub(super) struct RegistrationConflict<'a> {
    pub(super) backend: &'a dyn Backend,
    pub(super) here: &'a Here<'a>,
    pub(super) claim: &'a Claim,
    pub(super) fixed_port: &'a FixedPort,
    /// The use of the port when it was looked at, and whose it is.
    pub(super) seen: Option<&'a (PortUse, Whose)>,
    /// The treatment of the process that uses the port.
    pub(super) policy: ListenerPolicy,
    /// The command that registers ports with servers whose checkout is unknown.
    pub(super) adopt_command: &'a str,
}

impl RegistrationConflict<'_> {
    pub(super) fn report(&self, error: Error) -> Result<Report, CommandError> {
        Ok(match error {
            Error::PortTaken { holder } => self.port_taken(*holder)?,
            Error::ServiceTaken { holder } => {
                match self.backend.check(self.fixed_port.port)?.holder {
                    // Releasing the port of the service itself would not help then.
                    Some(other) if self.here.owns(&other) => self.both_taken(&holder, other),
                    Some(other) => self.port_taken(other)?,
                    None => self.other_port(*holder)?,
                }
            }
            Error::PortInUse { .. } => match self.seen {
                Some((in_use, whose)) => self.in_use(in_use, whose, self.adopt_command)?,
                None => Report::new(format!("{} is in use since a moment ago", self.problem()))
                    .hint("run the command again"),
            },
            error => return Err(error.into()),
        })
    }

    /// Returns the beginning of a problem of the port.
    fn problem(&self) -> String {
        let FixedPort {
            file,
            line,
            port,
            service,
            ..
        } = self.fixed_port;
        format!("{file}:{line}: port {port} of {service}")
    }

    /// Reports a problem of the port, and the process that listens on the port of the holder.
    fn report_holder(&self, problem: &str, holder: Allocation) -> Report {
        let problem = format!("{} {problem}", self.problem());
        conflict::report_holder(self.backend, &problem, holder)
    }

    /// Reports a port that is not allocated, but in use by a process that is not certainly the service.
    fn in_use(
        &self,
        in_use: &PortUse,
        whose: &Whose,
        adopt_command: &str,
    ) -> Result<Report, CommandError> {
        let report = Report::new(format!("{} is {in_use}{whose}", self.problem()));
        let own_port = self.own_port_hint()?;
        let report = report.in_use(Some(in_use.clone()));
        Ok(report.hint(match whose {
            Whose::Foreign(_) | Whose::Daemon => own_port,
            Whose::Nobody => format!("nothing listens there: wait until it is free, or {own_port}"),
            _ => format!(
                "if the service itself listens there, `{adopt_command}` registers it; otherwise {own_port}"
            ),
        }))
    }

    fn port_taken(&self, holder: Allocation) -> Result<Report, CommandError> {
        let problem = format!("is allocated to {}", wording::holder(&holder));
        let hint = match conflict::release_hint_if_gone(&holder) {
            Some(hint) => hint,
            None => self.own_port_hint()?,
        };
        Ok(self.report_holder(&problem, holder).hint(hint))
    }

    /// Another service of the checkout has the port, and this one has another port.
    fn both_taken(&self, own: &Allocation, holder: Allocation) -> Report {
        let problem = format!(
            "is allocated to {}, and {} has port {} (id {})",
            wording::holder(&holder),
            self.fixed_port.service,
            own.port,
            own.id
        );
        let hint = format!(
            "`portctl release --id {} && portctl release --id {}` releases both, so that they can be registered again",
            holder.id, own.id
        );
        self.report_holder(&problem, holder).hint(hint)
    }

    fn other_port(&self, holder: Allocation) -> Result<Report, CommandError> {
        let problem = format!(
            "cannot be registered: {} already has port {}",
            wording::holder(&holder),
            holder.port
        );
        let origin = &self.fixed_port.origin;
        let own = self.variables()?;
        let hint = match &origin.env_file {
            Some(file) if origin.variables.iter().any(|it| own.contains(it)) => {
                format!(
                    "`{}` writes the port that it has there",
                    env_command(self.claim, file)
                )
            }
            _ => match (
                conflict::move_command_to(self.claim, &holder, self.fixed_port.port),
                self.seen,
            ) {
                (None, _) => {
                    format!("{} releases that port", conflict::release_command(&holder))
                }
                // `move` would refuse the port too.
                (Some(line), Some((in_use, whose))) if self.policy == ListenerPolicy::Refuse => {
                    return self.in_use(in_use, whose, &format!("{line} --adopt"));
                }
                (Some(line), seen) => {
                    let is_served = seen.is_some_and(|(_, whose)| *whose != Whose::Nobody);
                    let adopt = if is_served { " --adopt" } else { "" };
                    format!("`{line}{adopt}` gives it the port that is written there")
                }
            },
        };
        let problem = format!("{} {problem}", self.problem());
        Ok(conflict::report_port_of(self.backend, &problem, holder).hint(hint))
    }

    /// Returns the variables that `env` has for the service.
    fn variables(&self) -> Result<Vec<String>, CommandError> {
        let existing = self.here.current()?;
        let names = existing.iter().map(|it| it.key.service());
        let names = self.here.variable_names(names)?;
        Ok(names.of(&self.fixed_port.service))
    }

    /// Returns the change of the project that gives the service a port of its own.
    fn own_port_hint(&self) -> Result<String, CommandError> {
        let variables = self.variables()?;
        Ok(own_port_hint(self.claim, self.fixed_port, &variables))
    }
}

/// Returns the change of the project that gives a service with these variables a port of its own.
fn own_port_hint(claim: &Claim, fixed_port: &FixedPort, variables: &[String]) -> String {
    let (port, service, origin) = (fixed_port.port, &fixed_port.service, &fixed_port.origin);
    if let Some(set) = origin.variables.iter().find(|it| environment::is_set(it)) {
        return format!(
            "`unset {set}`: this shell sets it, which takes precedence over every file"
        );
    }
    let get = conflict::command_for(claim, "get") + &wording::service(service);
    let is_given = |it: &String| variables.contains(it);
    if !origin.variables.is_empty() && !origin.variables.iter().any(is_given) {
        let others = origin.variables.join(" or ");
        return format!("set {others} to the port that `{get}` prints");
    }
    let variable = &variables[0];
    let write = match origin.range {
        _ if !origin.variables.is_empty() => String::new(),
        Some(container) => {
            format!("write ${{{variable}:-{port}}}:{container} beside the range instead, and ")
        }
        None => format!("write ${{{variable}:-{port}}} for {port} there, and "),
    };
    match (&origin.script, &origin.env_file) {
        (None, Some(file)) => {
            let env = env_command(claim, file);
            format!("{write}give it a port of its own: `{get} && {env}`")
        }
        (Some(script), _) => {
            let service = wording::service(service);
            let file = conflict::path_for(claim, Path::new(&fixed_port.file));
            let prefix = match folder_of(&file).to_str() {
                None | Some(".") => String::new(),
                Some(folder) => wording::flag("--prefix", folder),
            };
            let script = wording::positional(script);
            let run = conflict::command_for(claim, "run");
            format!(
                "{write}start it with a port of its own: `{run}{service} -- npm{prefix} run{script}`"
            )
        }
        (None, None) => format!("`{get}` prints a port of its own to write there"),
    }
}

/// The command that writes the ports of a claim's checkout into a file.
fn env_command(claim: &Claim, file: &Path) -> String {
    let file = conflict::path_for(claim, file);
    conflict::command_for(claim, "env") + &wording::flag("--write", &file.display().to_string())
}
