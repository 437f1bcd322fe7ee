//! `portctl compose`.

mod launch;
mod port_claims;
mod port_notes;
#[expect(dead_code, reason = "`portctl compose` is being built on it")]
mod ports;

use std::ffi::OsString;

use self::launch::Launch;
use super::outcome::CommandResult;
use crate::args::ComposeArgs;
use crate::compose::arguments::Arguments;

/// Runs Docker Compose with these words.
pub(crate) fn run(args: &ComposeArgs, words: &[OsString]) -> CommandResult {
    let arguments = Arguments::read(words);
    if args.print || arguments.need_no_files() {
        return Launch::unchanged(&arguments).run();
    }
    Launch::unchanged(&arguments).run()
}
