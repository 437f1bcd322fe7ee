//! The command as it is run.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use port_registry::CHECKOUT_VARIABLE;

use super::super::launched::replace_by;
use crate::environment::NAMES_VARIABLE;
use crate::output::wording;

/// A command line and the changes to its environment.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The program and its arguments.
    pub(super) words: Vec<OsString>,
    /// The variables of the checkout. Of two with one name, the last one counts.
    pub(super) variables: Vec<(String, String)>,
    /// Inherited variables that are removed.
    pub(super) removed: BTreeSet<String>,
    /// The root of the checkout.
    pub(super) root: Option<PathBuf>,
}

impl Prepared {
    /// Replaces this process by the command, so that signals, terminal and exit code are those of the command. Returns the
    /// exit code where a system cannot do so.
    pub(super) fn launch(self) -> std::io::Result<u8> {
        let mut words = self.words.iter();
        let mut command = Command::new(words.next().map_or_else(OsString::new, OsString::clone));
        command.args(words);
        for name in &self.removed {
            command.env_remove(name);
        }
        // Tells later whose listener the command is.
        match &self.root {
            Some(root) => command.env(CHECKOUT_VARIABLE, root),
            None => command.env_remove(CHECKOUT_VARIABLE),
        };
        let names: BTreeSet<&str> = self.variables.iter().map(|(name, _)| &**name).collect();
        let names: Vec<&str> = names.into_iter().collect();
        command.env(NAMES_VARIABLE, names.join(" "));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        replace_by(&mut command)
    }
}

/// A command line with variables before it, as a shell takes it.
pub(super) fn shell_line(variables: &[(String, String)], words: &[OsString]) -> String {
    let variables = variables.iter();
    let variables = variables.map(|(name, value)| format!("{name}={}", wording::quoted(value)));
    let words = words.iter().map(|it| it.to_string_lossy());
    let words = words.map(|it| wording::quoted(&it).into_owned());
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::shell_line;

    #[test]
    fn line_is_quoted_for_a_shell() {
        let words = ["npm", "run", "it's dev", "--", "--port", "3001"].map(OsString::from);
        let variables = [("A".to_owned(), "b c".to_owned())];
        assert_eq!(
            shell_line(&variables, &words),
            r#"A='b c' npm run "it's dev" -- --port 3001"#
        );
    }
}
