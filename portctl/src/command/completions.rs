//! `portctl completions`.

use super::outcome::Done;
use crate::args::CompletionsArgs;
use crate::{completion, output};

pub(crate) fn run(args: &CompletionsArgs) -> Done {
    Done::Printed(output::print_lines(completion::script(args.shell)))
}
