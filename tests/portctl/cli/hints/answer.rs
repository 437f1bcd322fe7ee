//! A command line that was typed, and the commands that the answer names.

use serde_json::Value;
use test_support::Ran;

/// Stand for a word in a text, and make a command that nobody can run.
const PLACEHOLDERS: [&str; 9] = [
    "SERVICE", "N", "ID", "NAME", "PATH", "PORT", "FILE", "VALUE", "COMMAND",
];

/// Phrases in which these words stand for nothing.
const PLAIN_PHRASES: [&str; 2] = ["COMMAND --help", "on the PATH"];

/// A command line that was typed, and the answer.
pub(super) struct Mistake<'a> {
    pub(super) line: &'a str,
    pub(super) words: Vec<String>,
    pub(super) ran: Ran,
}

impl Mistake<'_> {
    /// Returns the lines of the answer that do not repeat what was typed.
    pub(super) fn hints(&self) -> Vec<String> {
        let output = format!("{}{}", self.ran.stdout, self.ran.stderr);
        let lines = output.lines().filter(|it| !it.starts_with("error: "));
        let hint_of = |line: &str| match serde_json::from_str::<Value>(line) {
            Ok(answer) => answer["hint"].as_str().unwrap_or_default().to_owned(),
            Err(_) => line.to_owned(),
        };
        lines.map(hint_of).collect()
    }

    /// Returns a placeholder in a hint that was not typed.
    pub(super) fn placeholder(&self, hint: &str) -> Option<&'static str> {
        let mut hint = hint.to_owned();
        for phrase in PLAIN_PHRASES {
            hint = hint.replace(phrase, "");
        }
        let is_of_word = |c: char| c.is_ascii_alphanumeric() || "_-=".contains(c);
        let words: Vec<&str> = hint.split(|c| !is_of_word(c)).collect();
        let mut found = PLACEHOLDERS.into_iter();
        found.find(|it| words.contains(it) && !self.has(it))
    }

    /// Returns true if a word was typed, perhaps as a part of another.
    pub(super) fn has(&self, word: &str) -> bool {
        let mut typed = self.line.split(|c: char| !c.is_alphanumeric());
        typed.any(|it| it == word)
    }
}

/// Returns the commands of portctl between backticks.
pub(super) fn commands_in(hint: &str) -> impl Iterator<Item = &str> {
    let quoted = hint.split('`').skip(1).step_by(2);
    quoted.filter(|it| {
        let mut words = it.split(' ');
        it.starts_with("cd ") || words.find(|it| !it.contains('=')) == Some("portctl")
    })
}

pub(super) fn words_of(command: &str) -> Vec<String> {
    shlex::split(command).unwrap()
}

/// Returns the words behind a `--`.
pub(super) fn program_of(words: &[String]) -> &[String] {
    let end = words.iter().position(|it| it == "--");
    end.map_or(&[], |end| &words[end + 1..])
}

/// Returns true if a flag stands before a `--`, in one of its forms.
pub(super) fn has_flag(words: &[String], long: &str, short: char) -> bool {
    let mut words = words.iter().take_while(|it| *it != "--");
    words.any(|it| it == long || is_short_cluster(it) && it.contains(short))
}

/// Returns the value of a flag before a `--`.
pub(super) fn value_of<'w>(words: &'w [String], flag: &str) -> Option<&'w str> {
    let mut words = words.iter().take_while(|it| *it != "--");
    let given = words.find(|it| it.split('=').next() == Some(flag))?;
    match given.split_once('=') {
        Some((_, value)) => Some(value),
        None => words.next().map(String::as_str),
    }
}

fn is_short_cluster(word: &str) -> bool {
    word.len() > 1 && word.starts_with('-') && !word.starts_with("--")
}
