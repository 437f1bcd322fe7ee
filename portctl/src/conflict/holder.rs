//! Reports of the allocation that a claim conflicts with.

use port_registry::Allocation;

use crate::backend::Backend;
use crate::output::wording;
use crate::report::Report;

/// Reports a conflicting allocation and the process that listens on its port.
pub(crate) fn report_holder(backend: &dyn Backend, problem: &str, holder: Allocation) -> Report {
    let (usage, listener) = match backend.check(holder.port) {
        Ok(status) => match status.listener {
            Some(listener) => (
                format!(", and in use{}", wording::by_listener(&listener)),
                Some(listener),
            ),
            None => (", and nothing listens there".to_owned(), None),
        },
        // Report the conflict even if the port cannot be checked.
        Err(_) => (String::new(), None),
    };
    let report = Report::new(format!("{problem}{usage}"));
    report.holder(holder).listener(listener)
}
