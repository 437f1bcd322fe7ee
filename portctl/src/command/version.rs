//! `portctl version`.

use serde::Serialize;

use super::Done;
use crate::args::Version;
use crate::output;

#[derive(Serialize)]
struct VersionDocument {
    version: &'static str,
}

pub(super) fn run(args: &Version) -> Done {
    let version = env!("CARGO_PKG_VERSION");
    Done::Printed(if args.json {
        output::print_json(&VersionDocument { version })
    } else {
        output::print(&format!("portctl {version}"))
    })
}
