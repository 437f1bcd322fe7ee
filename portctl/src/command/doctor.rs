//! `portctl doctor`.

use super::outcome::{CommandResult, Done};
use crate::args::DoctorArgs;
use crate::doctor::{self, CheckStatus};
use crate::output;

#[expect(
    clippy::unnecessary_wraps,
    reason = "a check that cannot be made is a finding, not an error"
)]
pub(crate) fn run(args: &DoctorArgs) -> CommandResult {
    let findings = doctor::examine();
    let printed = if args.json {
        output::print_json(&findings)
    } else {
        let texts: Vec<String> = findings.iter().map(doctor::Finding::text).collect();
        output::print(&texts.join("\n"))
    };
    let has_problem = findings.iter().any(|it| it.status == CheckStatus::Problem);
    Ok(if has_problem {
        Done::No(printed)
    } else {
        Done::Printed(printed)
    })
}
