//! Assignments in `.env` files, with Compose's syntax (Docker's documentation, "Set, use, and manage variables in
//! a Compose file with interpolation").

use super::interpolation::interpolate;
use super::line_index::LineIndex;
use super::variables::Variables;
use crate::marked_text::{COMMENT_MARKS, Mark};

/// Limit for the values of one file after interpolation, in bytes. Variables that repeat one another would grow
/// exponentially.
const MAX_BYTES: usize = 4 << 20;

/// A variable that a file sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) line: usize,
    /// It is in the block that `portctl env --write` maintains.
    pub(super) is_managed: bool,
}

/// Parses the text of a `.env` file, and skips lines that are not assignments. Values may refer to variables of the
/// environment and to earlier lines; the environment takes precedence.
pub(super) fn parse(text: &str, environment: &Variables) -> Vec<Assignment> {
    let lines = LineIndex::of(text);
    let mut variables = environment.clone();
    let mut assignments = Vec::new();
    let mut is_managed = false;
    let mut at = 0;
    let mut remaining = MAX_BYTES;
    while at < text.len() {
        let line = &text[at..end_of_line(text, at)];
        let mut end = at + line.len();
        if let Some(mark) = COMMENT_MARKS.mark(line) {
            is_managed = mark == Mark::Begin;
        } else if let Some((name, start)) = name_in(line) {
            // A quoted value may span several lines.
            let known = if remaining == 0 {
                &Variables::new()
            } else {
                &variables
            };
            let (value, length) = value_in(&text[at + start..], known);
            remaining = remaining.saturating_sub(value.len());
            end = end_of_line(text, at + start + length);
            if !environment.contains_key(name) {
                variables.insert(name.to_owned(), value.clone());
            }
            assignments.push(Assignment {
                name: name.to_owned(),
                value,
                line: lines.line_of(at),
                is_managed,
            });
        }
        at = end + 1;
    }
    assignments
}

/// Returns the value that the text of a `.env` file gives a variable, like [`parse`].
pub(crate) fn value_of(text: &str, environment: &Variables, name: &str) -> Option<String> {
    let assignments = parse(text, environment).into_iter().rev();
    let mut values = assignments.filter(|it| it.name == name);
    values.next().map(|it| it.value)
}

fn end_of_line(text: &str, at: usize) -> usize {
    text[at..]
        .find('\n')
        .map_or(text.len(), |length| at + length)
}

/// Returns the name that a line assigns to, and the offset of the value.
fn name_in(line: &str) -> Option<(&str, usize)> {
    let (before, _) = line.split_once('=')?;
    let name = before.trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    is_name.then_some((name, before.len() + 1))
}

/// Returns the value at the start of the text, and its length in the text.
fn value_in(text: &str, variables: &Variables) -> (String, usize) {
    let trimmed = text.trim_start_matches([' ', '\t']);
    let start = text.len() - trimmed.len();
    if let Some(quoted) = trimmed.strip_prefix('\'')
        && let Some(end) = quoted.find('\'')
    {
        return (quoted[..end].to_owned(), start + end + 2);
    }
    if let Some(quoted) = trimmed.strip_prefix('"')
        && let Some((value, end)) = unescaped(quoted)
    {
        return (interpolated(&value, variables), start + end + 2);
    }
    let line = &trimmed[..end_of_line(trimmed, 0)];
    let comment = [" #", "\t#"]
        .into_iter()
        .filter_map(|it| line.find(it))
        .min();
    let value = match comment {
        _ if line.starts_with('#') && start > 0 => "",
        Some(at) => &line[..at],
        None => line,
    };
    (interpolated(value.trim(), variables), start + line.len())
}

/// Replaces variables. Keeps a value with a malformed reference as it is.
fn interpolated(value: &str, variables: &Variables) -> String {
    match interpolate(value, variables) {
        Ok(interpolated) => interpolated.text,
        Err(_) => value.to_owned(),
    }
}

/// Unescapes a double-quoted value. Returns it with the offset of the closing quote.
fn unescaped(quoted: &str) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, at)),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                // `$$` survives interpolation as a plain `$`.
                '$' => value.push_str("$$"),
                c => value.push(c),
            },
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Assignment, Variables, parse};

    fn assignments(text: &str) -> Vec<Assignment> {
        parse(text, &Variables::new())
    }

    #[test]
    fn all_quoting_and_comment_forms_are_parsed() {
        let text = "A=1\r\nexport B = 2 # two\n# C=3\n D='$A # x'\nE=\"${A}\\n$B\\$A\\\"\" # e\nF=${X:-${B}}\n\
                    G=a#b\nH=\nI= # none\nno assignment\nJ='one\ntwo'\nK=\"open\nL=$K\n";
        let assignments = assignments(text);
        let found: Vec<(&str, &str, usize)> = assignments
            .iter()
            .map(|it| (&*it.name, &*it.value, it.line))
            .collect();
        assert_eq!(
            found,
            [
                ("A", "1", 1),
                ("B", "2", 2),
                ("D", "$A # x", 4),
                ("E", "1\n2$A\"", 5),
                ("F", "2", 6),
                ("G", "a#b", 7),
                ("H", "", 8),
                ("I", "", 9),
                ("J", "one\ntwo", 11),
                ("K", "\"open", 13),
                ("L", "\"open", 14),
            ]
        );
    }

    #[test]
    fn assignments_in_the_managed_block_are_marked() {
        let text = "X=1\n# >>> port-registry >>>\nA=3\n# <<< port-registry <<<\nY=2";
        let assignments = assignments(text);
        let found: Vec<(&str, usize, bool)> = assignments
            .iter()
            .map(|it| (&*it.name, it.line, it.is_managed))
            .collect();
        assert_eq!(found, [("X", 1, false), ("A", 3, true), ("Y", 5, false)]);
    }

    #[test]
    fn nested_variables_are_limited_in_size() {
        let mut text = format!("A0={}\n", "x".repeat(1000));
        for number in 1..2_000 {
            let before = format!("$A{}", number - 1).repeat(10);
            text = format!("{text}A{number}={before}\n");
        }
        let assignments = assignments(&text);
        assert_eq!(assignments.len(), 2_000);
        let total: usize = assignments.iter().map(|it| it.value.len()).sum();
        assert!(total < 8 << 20, "{total}");
    }

    #[test]
    fn environment_takes_precedence_over_the_file() {
        let environment = Variables::from([("A".to_owned(), "9".to_owned())]);
        let assignments = parse("A=1\nB=$A\n", &environment);
        assert_eq!(assignments[0].value, "1");
        assert_eq!(assignments[1].value, "9");
    }
}
