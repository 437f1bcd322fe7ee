//! Reports of the allocation that a claim conflicts with.

use port_registry::Allocation;

use crate::backend::Backend;
use crate::report::Report;

/// Reports a conflicting allocation and the process that listens on its port, in a sentence about the port.
pub(crate) fn report_holder(backend: &dyn Backend, problem: &str, holder: Allocation) -> Report {
    report(backend, problem, "and", holder)
}

/// Like [`report_holder`], in a sentence that ends with the port.
pub(crate) fn report_port_of(backend: &dyn Backend, problem: &str, holder: Allocation) -> Report {
    report(backend, problem, "which is", holder)
}

fn report(backend: &dyn Backend, problem: &str, link: &str, holder: Allocation) -> Report {
    let (usage, in_use) = match backend.check(holder.port) {
        Ok(status) => match status.in_use {
            Some(in_use) => (format!(", {link} {in_use}"), Some(in_use)),
            None => (", and nothing listens there".to_owned(), None),
        },
        // Report the conflict even if the port cannot be checked.
        Err(_) => (String::new(), None),
    };
    let report = Report::new(format!("{problem}{usage}"));
    report.holder(holder).in_use(in_use)
}
