//! Instructions to cargo.

use std::fmt::{Display, Write};
use std::path::Path;

/// Lines for cargo, in the syntax of its version 1.77.
#[derive(Debug, Default)]
pub(super) struct Instructions {
    lines: String,
}

impl Instructions {
    /// Runs the script again if one of the variables changes.
    pub(super) fn rerun_if_env_changes(&mut self, names: &[&str]) {
        for name in names {
            self.add("rerun-if-env-changed", name);
        }
    }

    /// Runs the script again if a file is changed or does not exist. A path that is not one line of text is left out.
    pub(super) fn rerun_if_changed(&mut self, file: &Path) {
        if let Some(file) = file.to_str().filter(|it| !it.contains(char::is_control)) {
            self.add("rerun-if-changed", file);
        }
    }

    /// Sets an environment variable while the package is compiled.
    pub(super) fn set_env(&mut self, name: &str, value: impl Display) {
        self.add("rustc-env", format_args!("{name}={value}"));
    }

    /// Prints a warning. Control characters would end the line, or reach the terminal.
    pub(super) fn warn(&mut self, text: &str) {
        let visible = text.replace(char::is_control, "\u{fffd}");
        self.add("warning", visible);
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.lines.as_bytes()
    }

    fn add(&mut self, name: &str, value: impl Display) {
        // Writing to a string does not fail.
        writeln!(self.lines, "cargo::{name}={value}").ok();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Instructions;

    #[test]
    fn nothing_adds_a_line_of_its_own() {
        let mut instructions = Instructions::default();
        instructions.warn("cannot read a\ncargo::rustc-env=A=B");
        instructions.rerun_if_changed(Path::new("a\nb"));
        let text = String::from_utf8(instructions.as_bytes().to_vec()).unwrap();
        assert_eq!(
            text,
            "cargo::warning=cannot read a\u{fffd}cargo::rustc-env=A=B\n"
        );
    }
}
