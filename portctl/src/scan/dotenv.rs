//! `.env` files, as Compose reads them (Docker's documentation, "Set, use, and manage variables in a Compose
//! file with interpolation").

use std::cmp::Reverse;

use super::interpolation::interpolate;
use super::lines::LineIndex;
use super::walk::ProjectFile;
use super::{FileKind, PortCandidate, PortOrigin, Project, ScanResult, Variables, compose, port};
use crate::block::{self, Mark};

/// The files that count while one develops, a later one for more. Those for production, and examples, do
/// not.
const NAMES: [&str; 4] = [
    ".env",
    ".env.development",
    ".env.local",
    ".env.development.local",
];

/// Bytes of values in a file, with the variables in them replaced.
const LARGEST: usize = 4 << 20;

/// The service of what has no other name.
const DEFAULT_SERVICE: &str = "web";

/// A variable that a file sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) line: usize,
    /// Whether `portctl env --write` has written it.
    pub(crate) is_ours: bool,
}

pub(super) fn recognizes(place: &ProjectFile) -> bool {
    NAMES.contains(&place.name()) || (place.is_named && place.name().starts_with(".env"))
}

pub(super) fn scan(project: &Project, used: &compose::PortVariables, scan: &mut ScanResult) {
    let mut places: Vec<&ProjectFile> = project.files(recognizes).collect();
    // Of one folder's files the last one counts, as those see to it that read several.
    let weight = |place: &ProjectFile| NAMES.iter().position(|name| *name == place.name());
    places.sort_by_key(|place| (place.folder(), Reverse(weight(place))));
    for place in places {
        let Some(text) = scan.read(place) else {
            continue;
        };
        // Compose reads the first of them alone.
        let is_read = !place.is_named && place.name() == ".env";
        let used = used.get(place.folder()).filter(|_| is_read);
        let is_used = |name: &str| used.is_some_and(|used| used.contains(name));
        for assignment in parse(&text, project.environment) {
            let Some(port) = port(&assignment.value) else {
                continue;
            };
            let Some(service) = service_of(place, &assignment.name) else {
                continue;
            };
            if assignment.is_ours || is_used(&assignment.name) {
                continue;
            }
            let found = PortCandidate {
                service,
                port,
                // It may be the port of something elsewhere.
                guess: assignment.name != "PORT",
                origin: PortOrigin::default(),
            };
            scan.find(place, FileKind::Dotenv, assignment.line, found);
        }
    }
}

/// The service whose port a variable is, the way back from what `portctl env` makes of it.
fn service_of(place: &ProjectFile, variable: &str) -> Option<String> {
    if variable == "PORT" {
        return Some(match &place.below {
            Some(folder) => folder.clone(),
            None => DEFAULT_SERVICE.to_owned(),
        });
    }
    let name = variable.strip_suffix("_PORT")?.trim_matches('_');
    let name = name.to_ascii_lowercase().replace('_', "-");
    (!name.is_empty()).then(|| place.service(&name))
}

/// The variables that the text sets. Those of the environment outweigh earlier ones of the file in what
/// later ones are made of. What is no assignment is left out.
pub(super) fn parse(text: &str, environment: &Variables) -> Vec<Assignment> {
    let lines = LineIndex::of(text);
    let mut variables = environment.clone();
    let mut assignments = Vec::new();
    let mut is_ours = false;
    let mut at = 0;
    let mut room = LARGEST;
    while at < text.len() {
        let line = &text[at..end_of_line(text, at)];
        let mut end = at + line.len();
        if let Some(mark) = block::mark(line) {
            is_ours = mark == Mark::Begin;
        } else if let Some((name, start)) = name_in(line) {
            // A value in quotes may go on over several lines.
            let known = if room == 0 {
                &Variables::new()
            } else {
                &variables
            };
            let (value, length) = value_in(&text[at + start..], known);
            room = room.saturating_sub(value.len());
            end = end_of_line(text, at + start + length);
            if !environment.contains_key(name) {
                variables.insert(name.to_owned(), value.clone());
            }
            assignments.push(Assignment {
                name: name.to_owned(),
                value,
                line: lines.at(at),
                is_ours,
            });
        }
        at = end + 1;
    }
    assignments
}

fn end_of_line(text: &str, at: usize) -> usize {
    text[at..]
        .find('\n')
        .map_or(text.len(), |length| at + length)
}

/// The name that a line assigns to, and where the value begins.
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

/// The value that the text begins with, and how long it is there.
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
        return (replaced(&value, variables), start + end + 2);
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
    (replaced(value.trim(), variables), start + line.len())
}

fn replaced(value: &str, variables: &Variables) -> String {
    match interpolate(value, variables) {
        Ok(interpolated) => interpolated.text,
        Err(_) => value.to_owned(),
    }
}

/// What stands before the closing quote, and where that is.
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
                // So that no variable is put there.
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
    use super::{Variables, block, parse};

    #[test]
    fn values_are_read_in_all_the_forms_they_are_written_in() {
        let text = "A=1\r\nexport B = 2 # two\n# C=3\n D='$A # x'\nE=\"${A}\\n$B\\$A\\\"\" # e\nF=${X:-${B}}\n\
                    G=a#b\nH=\nI= # none\nno assignment\nJ='one\ntwo'\nK=\"open\nL=$K\n";
        let assignments = parse(text, &Variables::new());
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
    fn what_is_in_the_block_is_told_from_what_is_behind_it() {
        let text = block::put(b"X=1\n", &["A=3".to_owned()]).unwrap();
        let text = String::from_utf8(text).unwrap() + "Y=2";
        let assignments = parse(&text, &Variables::new());
        let found: Vec<(&str, usize, bool)> = assignments
            .iter()
            .map(|it| (&*it.name, it.line, it.is_ours))
            .collect();
        assert_eq!(found, [("X", 1, false), ("A", 4, true), ("Y", 6, false)]);
    }

    #[test]
    fn variables_of_variables_do_not_grow_without_end() {
        let mut text = format!("A0={}\n", "x".repeat(1000));
        for number in 1..2_000 {
            let before = format!("$A{}", number - 1).repeat(10);
            text = format!("{text}A{number}={before}\n");
        }
        let assignments = parse(&text, &Variables::new());
        assert_eq!(assignments.len(), 2_000);
        let total: usize = assignments.iter().map(|it| it.value.len()).sum();
        assert!(total < 8 << 20, "{total}");
    }

    #[test]
    fn what_the_environment_says_outweighs_the_file() {
        let environment = Variables::from([("A".to_owned(), "9".to_owned())]);
        let assignments = parse("A=1\nB=$A\n", &environment);
        assert_eq!(assignments[0].value, "1");
        assert_eq!(assignments[1].value, "9");
    }
}
