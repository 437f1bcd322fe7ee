//! `portctl doctor`.

use super::outcome::{Done, Outcome};
use crate::args::Doctor;
use crate::doctor::{self, Severity};
use crate::output;

#[expect(
    clippy::unnecessary_wraps,
    reason = "what cannot be found out is a finding, and not a failure"
)]
pub(crate) fn run(args: &Doctor) -> Outcome {
    let findings = doctor::examine();
    let printed = if args.json {
        output::print_json(&findings)
    } else {
        let texts: Vec<String> = findings.iter().map(doctor::Finding::text).collect();
        output::print(&texts.join("\n"))
    };
    let is_ill = findings.iter().any(|it| it.status == Severity::Problem);
    Ok(if is_ill {
        Done::No(printed)
    } else {
        Done::Printed(printed)
    })
}
