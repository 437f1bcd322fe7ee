//! Scripts as lines of a shell.

use crate::programs::{PortSetting, Program, port_setting, simple_commands};

/// The place that a command line is written in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    Typed,
    /// A line that is typed for a shell, as in `sh -c LINE`.
    Shell,
    Script(&'a ScriptPlace<'a>),
}

/// A script, with the words that its caller passes to it.
#[derive(Debug)]
pub(super) struct ScriptPlace<'a> {
    pub(super) name: &'a str,
    pub(super) passed: &'a [&'a str],
    pub(super) caller: Place<'a>,
}

impl<'a> Place<'a> {
    /// Returns the place of a line for a shell that a command of this place starts.
    pub(super) fn in_shell(self) -> Place<'a> {
        match self {
            Place::Typed => Place::Shell,
            place => place,
        }
    }

    /// Returns the place that a port was written in, which may be that of a caller.
    pub(super) fn of_setting(self, program: &Program, setting: PortSetting) -> Place<'a> {
        let Place::Script(script) = self else {
            return self;
        };
        let mut parts = script.passed.split(|word| *word == "--");
        if parts.any(|part| port_setting(program, part) == Some(setting)) {
            script.caller.of_setting(program, setting)
        } else {
            self
        }
    }

    /// Tests if a shell replaces variables in the line.
    pub(super) fn has_variables(self) -> bool {
        !matches!(self, Place::Typed)
    }
}

/// A line that a shell runs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Words behind it become arguments of its program.
    Simple(Vec<String>),
    /// Several commands, or one that words cannot be added to.
    Compound(Vec<Vec<String>>),
}

impl Line {
    pub(super) fn of(text: &str) -> Line {
        let commands = simple_commands(text).into_iter();
        // The rest of a group or subshell is not understood, but the server in it is.
        let split = |command: &str| shlex::split(command.trim_matches(['(', ')', ' ', '\t']));
        let commands: Vec<Vec<String>> = commands.filter_map(split).collect();
        match <[Vec<String>; 1]>::try_from(commands) {
            Ok([words]) if is_simple(text) => Line::Simple(words),
            Ok(commands) => Line::Compound(commands.into()),
            Err(commands) => Line::Compound(commands),
        }
    }

    /// Returns the commands of the line.
    pub(super) fn commands(self) -> Vec<Vec<String>> {
        match self {
            Line::Simple(words) => vec![words],
            Line::Compound(commands) => commands,
        }
    }
}

/// Accepts lines without operators, redirections, substitutions and comments.
fn is_simple(text: &str) -> bool {
    let mut quote = None;
    let mut before = ' ';
    for c in text.chars() {
        let is_escaped = before == '\\' && quote != Some('\'');
        let is_special = match (quote, c) {
            _ if is_escaped => false,
            (Some('\''), _) => false,
            (_, '(') => before == '$' || quote.is_none(),
            (_, '`') | (None, '|' | '&' | ';' | '<' | '>' | ')' | '\n') => true,
            (None, '#') => before.is_whitespace(),
            _ => false,
        };
        if is_special {
            return false;
        }
        match (quote, c) {
            (None, '\'' | '"') if !is_escaped => quote = Some(c),
            (Some(open), _) if c == open && !is_escaped => quote = None,
            _ => {}
        }
        before = if is_escaped { ' ' } else { c };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn only_lines_of_one_plain_command_are_simple() {
        for line in [
            "vite",
            "NODE_ENV=x vite --host",
            "vite --define 'a && b' --x \"c; d\"",
            "next dev -p ${PORT:-3000}",
            "vite --base a#b",
        ] {
            assert!(matches!(Line::of(line), Line::Simple(_)), "{line}");
        }
        for line in [
            "tsc && vite",
            "vite & api",
            "vite | tee log",
            "vite > log 2>&1",
            "vite $(flags)",
            "vite \"$(flags)\"",
            "vite `flags`",
            "(vite)",
            "vite # dev",
            "vite 'open",
            "a; b",
        ] {
            assert!(matches!(Line::of(line), Line::Compound(_)), "{line}");
        }
    }
}
