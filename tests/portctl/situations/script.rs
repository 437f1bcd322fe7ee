//! The language of the situations.
//!
//! - `# TITLE` begins a situation, in a new sandbox with an empty registry. Lines that begin with `//` are comments.
//! - `FOLDER$ COMMAND` runs a shell command in a folder, relative to the sandbox. It has to succeed.
//! - `FOLDER> WORDS` runs `portctl WORDS`. `rows` in place of `list` prints each allocation as `KEY PORT`, and `owners` as
//!   `KEY PORT ORIGIN FOLDER`.
//! - `FOLDER& PORT` starts a process that listens on a port until the situation ends.
//! - `? COMMAND` skips the rest of the situation unless the shell command succeeds, for a tool that is needed. `? root` skips
//!   it unless the tests run as root.
//! - `POST /path BODY`, and other methods, are requests to a daemon. The answer is the status, and the allocations like
//!   those of `rows`.
//!
//! `=> LINE | LINE` at the end of a line is the expected standard output, and `exit N` in it the expected exit code. Each
//! following line that begins with `!` is a part of one line of the expected standard error, in their order.
//!
//! `A` is the first port of the range, which is allocated first, `B` the second, and so on. Commands and bodies refer to
//! them by `$A`, and to the folder of the sandbox by `$TOP`. `MARK` stands for the four digits of a mark, `COMMIT` for
//! those of a commit.

/// A situation: a claim, and the steps that show it.
#[derive(Debug)]
pub(super) struct Situation<'a> {
    pub(super) title: &'a str,
    pub(super) steps: Vec<Step<'a>>,
}

#[derive(Debug)]
pub(super) struct Step<'a> {
    pub(super) line: &'a str,
    pub(super) action: Action<'a>,
    /// The lines of the standard output. `None` accepts any.
    pub(super) output: Option<Vec<&'a str>>,
    /// Parts of the lines of the standard error.
    pub(super) notes: Vec<&'a str>,
    pub(super) code: i32,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Action<'a> {
    Shell { folder: &'a str, command: &'a str },
    Portctl { folder: &'a str, words: &'a str },
    Listen { folder: &'a str, port: &'a str },
    Request { method: &'a str, rest: &'a str },
    Need { command: &'a str },
}

/// Reads the situations of a table.
pub(super) fn parse(table: &str) -> Vec<Situation<'_>> {
    let mut situations: Vec<Situation> = Vec::new();
    for line in table.lines().map(str::trim) {
        if line.is_empty() || line.starts_with("//") {
            continue;
        }
        if let Some(title) = line.strip_prefix("# ") {
            let steps = Vec::new();
            situations.push(Situation { title, steps });
            continue;
        }
        let situation = situations.last_mut().expect("a title comes first");
        match line.strip_prefix("! ") {
            Some(note) => situation.steps.last_mut().unwrap().notes.push(note),
            None => situation.steps.push(step(line)),
        }
    }
    situations
}

fn step(line: &str) -> Step<'_> {
    let (does, expected) = match line.split_once(" =>") {
        Some((does, expected)) => (does.trim(), Some(expected)),
        None => (line, None),
    };
    let mut code = 0;
    let output = expected.map(|expected| {
        let mut lines: Vec<&str> = expected.split(" | ").map(str::trim).collect();
        lines.retain(|it| match it.strip_prefix("exit ") {
            Some(number) => {
                code = number.parse().unwrap();
                false
            }
            None => !it.is_empty(),
        });
        lines
    });
    Step {
        line,
        action: action(does),
        output,
        notes: Vec::new(),
        code,
    }
}

fn action(does: &str) -> Action<'_> {
    if let Some((method @ ("GET" | "POST" | "PUT" | "PATCH" | "DELETE"), rest)) =
        does.split_once(' ')
    {
        return Action::Request { method, rest };
    }
    if let Some(command) = does.strip_prefix("? ") {
        return Action::Need { command };
    }
    // A folder with one of these characters needs a shell command.
    let kind = does.find(['$', '>', '&']).expect("a folder comes first");
    let (folder, rest) = (&does[..kind], does[kind + 1..].trim());
    match &does[kind..=kind] {
        "$" => Action::Shell {
            folder,
            command: rest,
        },
        ">" => Action::Portctl {
            folder,
            words: rest,
        },
        _ => Action::Listen { folder, port: rest },
    }
}
