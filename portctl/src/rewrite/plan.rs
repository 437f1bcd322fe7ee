//! The change of one command line.

use crate::output::wording;

/// Stands for the port in added words, and is the placeholder of `run` for it.
pub(super) const PORT: &str = "{port}";

/// Words that are added to a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Insertion {
    pub(super) at: usize,
    /// The words, with [`PORT`].
    pub(super) words: Vec<String>,
    /// The port that the server has without them.
    pub(super) default_port: u16,
}

impl Insertion {
    pub(super) fn words_with(&self, port: &str) -> impl Iterator<Item = String> {
        self.words.iter().map(move |word| word.replace(PORT, port))
    }

    /// Returns false for words that only keep the program from another port.
    pub(super) fn has_port(&self) -> bool {
        self.words.iter().any(|word| word.contains(PORT))
    }

    /// Returns the line with this text as its port.
    pub(super) fn advice(&self, words: &[&str], port: &str) -> String {
        let mut advice: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        advice.splice(self.at..self.at, self.words_with(port));
        advice.join(" ")
    }
}

/// Quotes a word that is not one without quotes. Operators and variables keep their meaning.
fn quoted(word: &str) -> String {
    if !word.is_empty() && !word.contains(char::is_whitespace) {
        word.to_owned()
    } else if word.contains(['"', '\\', '`']) {
        wording::quoted(word).into_owned()
    } else {
        format!("\"{word}\"")
    }
}

/// The change of a command line, which is empty unless it starts a known server.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub(super) insertion: Option<Insertion>,
    pub(super) variables: Vec<(&'static str, String)>,
    pub(super) notes: Vec<String>,
    /// Advice for the case that the port is in use when the server starts.
    pub(super) note_if_taken: Option<String>,
    pub(super) is_server: bool,
}

impl Plan {
    pub(super) fn server() -> Plan {
        Plan {
            is_server: true,
            ..Plan::default()
        }
    }

    pub(super) fn note(text: String) -> Plan {
        Plan {
            notes: vec![text],
            ..Plan::default()
        }
    }

    /// Tells command lines that start a known server.
    pub(super) fn has_server(&self) -> bool {
        self.is_server || self.insertion.is_some()
    }
}
