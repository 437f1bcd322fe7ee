//! Completes command lines for the shells.
//!
//! `portctl completions SHELL` prints a short script. At each completion, the script runs portctl with [`WORD`], the
//! shell, and the words of the command line up to the cursor. The answer comes from argh's description of the command
//! line and from the registry, which is only read. See [`Completions`](completions::Completions) for its form.
//!
//! Completing never changes anything, and never fails: on an error, nothing is offered.

mod bash;
mod completions;
mod compose_words;
mod line;
mod offer;
mod registry;
mod script;
mod values;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use self::bash::BashWord;
use self::completions::Dialect;
use self::line::TypedLine;
pub(crate) use self::script::of as script;
use crate::output;
use crate::time_limit::within_limit;

/// The internal argument.
pub(crate) const WORD: &str = "__complete";

/// Limit of the time that a user waits at a key press, for example because a daemon does not answer. Much less would not
/// do on a busy machine.
const LIMIT: Duration = Duration::from_secs(3);

/// Prints completions of the last of these words. A shell and, for bash, its word breaks stand before them.
pub(crate) fn run(words: impl Iterator<Item = OsString>) -> ExitCode {
    let words = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    if let Some(text) = within_limit(LIMIT, move || answer(words)) {
        // The shell may have been told to stop completing, and does not read on.
        output::print_lines(&text).ok();
    }
    ExitCode::SUCCESS
}

/// Returns `None` if the words do not have the form that the scripts give them.
fn answer(words: Vec<String>) -> Option<String> {
    let mut words = words.into_iter();
    let shell = words.next()?;
    let (dialect, words) = match &*shell {
        "bash" => {
            let breaks = words.next()?;
            let mut read: Vec<BashWord> =
                words.map(|word| BashWord::read(&word, &breaks)).collect();
            let last = read.pop()?;
            let mut words: Vec<String> = read.into_iter().map(|word| word.value).collect();
            words.push(last.value.clone());
            (Dialect::Bash(last), words)
        }
        "zsh" => (Dialect::Zsh, words.collect()),
        "fish" => (Dialect::Fish, words.collect()),
        _ => return None,
    };
    let (current, before) = words.split_last()?;
    let line = TypedLine::read(before);
    Some(offer::completions(&line, current).print(&dialect))
}
