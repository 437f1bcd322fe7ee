//! The answer to a shell, and its form.

use port_registry::daemon::is_invisible;

use super::bash::BashWord;

/// Completions of a word, or the part of the command line that the shell completes by itself.
///
/// The first line of the answer says which: `words N`, `files N` or `command N`. With `words`, the completions follow,
/// one a line. `N` is the number of characters of the word that stand before the completed part, such as `--app=`. With
/// `command`, it is the position of the first word of the command.
#[derive(Debug)]
pub(super) enum Completions {
    Words {
        prefix: String,
        candidates: Vec<Candidate>,
    },
    Files {
        prefix: String,
    },
    Command(usize),
}

/// A word to offer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    pub(super) word: String,
    /// Shown beside the word, where the shell can do so.
    pub(super) description: String,
}

/// The form of candidates.
#[derive(Debug)]
pub(super) enum Dialect {
    /// The rest of this word, quoted. Only those that begin with the word.
    Bash(BashWord),
    /// `word:description` with backslashes, for `_describe`. The prefix is left out.
    Zsh,
    /// The whole word and the description, with a tab between them.
    Fish,
}

impl Candidate {
    pub(super) fn new(word: impl Into<String>, description: impl Into<String>) -> Candidate {
        Candidate {
            word: word.into(),
            description: description.into(),
        }
    }
}

impl Completions {
    pub(super) fn print(&self, dialect: &Dialect) -> String {
        match self {
            Completions::Files { prefix } => format!("files {}", prefix.chars().count()),
            Completions::Command(index) => format!("command {index}"),
            Completions::Words { prefix, candidates } => {
                let mut lines = vec![format!("words {}", prefix.chars().count())];
                // A control character could end the line, or reach the terminal. Names that differ only by invisible
                // characters look the same.
                let safe = candidates
                    .iter()
                    .filter(|it| !it.word.contains(is_invisible));
                lines.extend(safe.filter_map(|it| it.print(prefix, dialect)));
                lines.join("\n")
            }
        }
    }
}

impl Candidate {
    /// Returns `None` if the shell cannot insert the candidate, or if the candidate does not continue bash's word, because bash
    /// offers all that it gets.
    fn print(&self, prefix: &str, dialect: &Dialect) -> Option<String> {
        let Candidate { word, description } = self;
        let description = description.replace(is_invisible, " ");
        match dialect {
            Dialect::Bash(typed) => typed.rest(&format!("{prefix}{word}")),
            Dialect::Zsh if description.is_empty() => Some(in_zsh(word)),
            Dialect::Zsh => Some(format!("{}:{}", in_zsh(word), in_zsh(&description))),
            Dialect::Fish => {
                let whole = format!("{prefix}{word}");
                // Fish never quotes a tilde, so it would become the home.
                (!whole.starts_with('~')).then(|| format!("{whole}\t{description}"))
            }
        }
    }
}

fn in_zsh(text: &str) -> String {
    text.replace('\\', r"\\").replace(':', r"\:")
}
