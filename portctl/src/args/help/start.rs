//! The text that `portctl` prints without a command.

use super::table::{HelpTable, aligned};
use crate::output::wrapped;

const PURPOSE: &str = "portctl gives each service of each checkout on this machine a TCP port of its own, so that \
                       projects, worktrees and AI agents never want the same one. A service keeps its port until you \
                       release it.";

/// Commands for the first hour.
const COMMANDS: [(&str, &str); 5] = [
    (
        "portctl get web",
        "print a port for `web`, the same one each time",
    ),
    (
        "portctl run web -- npm start",
        "run a command with the ports in PORT and WEB_PORT",
    ),
    (
        "portctl list",
        "list the services of this checkout and their ports",
    ),
    (
        "portctl check 3000",
        "show whether a port is available, and who has it",
    ),
    ("portctl release web", "release the port"),
];

const MORE: &str = "There is nothing to set up first. `portctl --help` lists all commands, and \
                    `portctl COMMAND --help` explains one.";

/// Formats the text to at most `width` columns.
pub(crate) fn start_text(width: usize) -> String {
    let rows = COMMANDS.into_iter();
    let rows = rows.map(|(command, text)| (command.to_owned(), text));
    let table = [HelpTable::new("In a checkout of a project:", rows)];
    let mut sections = vec![wrapped(PURPOSE, Some(width))];
    sections.extend(aligned(&table, width));
    sections.push(wrapped(MORE, Some(width)));
    sections.join("\n\n")
}
