//! The way in which the words behind a program or script reach it.

use super::plan::Insertion;

/// The arguments of a program or script in a command line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passing {
    /// The offset of the first argument.
    pub(super) at: usize,
    /// The runner takes the flags before a `--` for itself, as npm does, and removes the `--`.
    pub(super) behind_dashes: bool,
}

impl Passing {
    /// Returns the words that reach the program.
    pub(super) fn received<'a>(self, words: &[&'a str]) -> Vec<&'a str> {
        let arguments = words.get(self.at..).unwrap_or_default();
        let Some((own, passed)) = self.split(arguments) else {
            return arguments.to_vec();
        };
        let positional = own.iter().filter(|word| !word.starts_with('-'));
        positional.chain(passed).copied().collect()
    }

    /// Returns the words that the runner takes for itself, with their values.
    pub(super) fn swallowed<'a, 'b>(self, words: &'b [&'a str]) -> &'b [&'a str] {
        let arguments = words.get(self.at..).unwrap_or_default();
        self.split(arguments).map_or(&[], |(own, _)| own)
    }

    /// Moves an insertion among the words that the program receives to the command line.
    pub(super) fn insertion(self, words: &[&str], received: Insertion) -> Insertion {
        let arguments = words.get(self.at..).unwrap_or_default();
        let Insertion { at, .. } = received;
        let Some((own, _)) = self.split(arguments) else {
            let at = self.at + at;
            return Insertion { at, ..received };
        };
        let dashes = self.at + own.len();
        if dashes == words.len() {
            let mut added = vec!["--".to_owned()];
            added.extend(received.words);
            return Insertion {
                at: dashes,
                words: added,
                ..received
            };
        }
        let positional = own.iter().filter(|word| !word.starts_with('-')).count();
        let at = dashes + 1 + at.saturating_sub(positional);
        Insertion { at, ..received }
    }

    /// Splits the arguments at the first `--`, if the runner does.
    fn split<'a, 'b>(self, arguments: &'b [&'a str]) -> Option<(&'b [&'a str], &'b [&'a str])> {
        if !self.behind_dashes {
            return None;
        }
        let dashes = arguments.iter().position(|word| *word == "--");
        Some(match dashes {
            Some(at) => (&arguments[..at], &arguments[at + 1..]),
            None => (arguments, &[]),
        })
    }
}
