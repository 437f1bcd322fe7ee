//! `portctl doctor`.

use super::outcome::{CommandResult, Done};
use crate::args::DoctorArgs;
use crate::doctor::{self, CheckStatus};
use crate::output::{self, Stream};

#[expect(
    clippy::unnecessary_wraps,
    reason = "a check that cannot be made is a finding, not an error"
)]
pub(crate) fn run(args: &DoctorArgs) -> CommandResult {
    let findings = doctor::examine();
    let printed = if args.json {
        output::print_json(&findings)
    } else {
        let width = output::width(Stream::Stdout);
        let texts: Vec<String> = findings.iter().map(|it| it.text(width)).collect();
        output::print_lines(&texts.join("\n"))
    };
    let has_problem = findings.iter().any(|it| it.status == CheckStatus::Problem);
    Ok(if has_problem {
        Done::No(printed)
    } else {
        Done::Printed(printed)
    })
}
