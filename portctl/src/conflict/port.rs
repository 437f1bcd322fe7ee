//! Reports of a port that a service cannot get.

use port_registry::{Allocation, CheckoutPath, Port};

use super::hint::{release_command, release_hint_if_gone};
use super::holder::report_holder;
use crate::backend::Backend;
use crate::command_error::CommandError;
use crate::output::wording;
use crate::report::Report;
use crate::whose::Whose;

/// Reports that another service has the port.
pub(super) fn taken(backend: &dyn Backend, holder: Allocation) -> Report {
    let problem = format!(
        "port {} is already allocated to {}",
        holder.port,
        wording::holder(&holder)
    );
    let hint = release_hint_if_gone(&holder).unwrap_or_else(|| {
        let release = release_command(&holder);
        format!(
            "leave --port out to get an available port, or run {release} if nothing needs this one"
        )
    });
    report_holder(backend, &problem, holder).hint(hint)
}

/// Reports that the port is in use. `checkout` is that of the service, and `adopt` the command line that registers the
/// service nevertheless.
pub(super) fn in_use(
    backend: &dyn Backend,
    port: Port,
    checkout: Option<&CheckoutPath>,
    adopt: &str,
) -> Report {
    let status = backend.check(port).ok();
    let Some(in_use) = status.and_then(|status| status.in_use) else {
        return Report::new(format!("port {port} was in use"))
            .hint("it is free now, so run the command again");
    };
    let whose = Whose::of(&in_use, checkout.map(|dir| &**dir));
    let other = "leave --port out to get an available port";
    let hint = match whose {
        Whose::Ours => format!("`{adopt}` registers it; otherwise {other}"),
        Whose::Foreign(_) | Whose::Daemon => other.to_owned(),
        Whose::Unknown(_) => format!(
            "if the service itself listens there, `{adopt}` registers it; otherwise {other}"
        ),
        Whose::Nobody => format!("nothing listens there: wait until it is free, or {other}"),
    };
    let report = Report::new(format!("port {port} is {in_use}, and not allocated{whose}"));
    report.in_use(Some(in_use)).hint(hint)
}

/// Refuses to adopt a listener of another checkout than that of the service, and the daemon.
pub(crate) fn refuse_foreign(
    backend: &dyn Backend,
    port: Port,
    checkout: Option<&CheckoutPath>,
) -> Result<(), CommandError> {
    let status = backend.check(port)?;
    let Some(in_use) = status.in_use.filter(|_| status.holder.is_none()) else {
        return Ok(());
    };
    match Whose::of(&in_use, checkout.map(|dir| &**dir)) {
        whose @ (Whose::Foreign(_) | Whose::Daemon) => {
            let report = Report::new(format!(
                "port {port} is {in_use}{whose}, so it was not adopted"
            ));
            let report = report.in_use(Some(in_use));
            Err(report
                .hint("leave --port and --adopt out to get an available port")
                .into())
        }
        _ => Ok(()),
    }
}
