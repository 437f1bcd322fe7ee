//! Shells on a terminal, in which keys are typed.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Stdio};

use test_support::{is_available, wait_until};

use super::fixture::Desk;

/// A shell that completes the command lines of portctl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bash,
    Zsh,
    Fish,
}

impl Kind {
    pub(super) const ALL: [Kind; 3] = [Kind::Bash, Kind::Zsh, Kind::Fish];

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Bash => "bash",
            Kind::Zsh => "zsh",
            Kind::Fish => "fish",
        }
    }

    /// Installs the completions as the help says.
    pub(super) fn setup(self) -> &'static str {
        match self {
            Kind::Bash => "source <(portctl completions bash)",
            Kind::Zsh => {
                "autoload -U compinit && compinit -u -D\nsource <(portctl completions zsh)"
            }
            Kind::Fish => "portctl completions fish | source",
        }
    }

    /// Defines a `portctl` that records its arguments, and writes a file when the shell is ready for keys. The
    /// scripts run the program all the same, because they do not run functions.
    fn recorder(self) -> &'static str {
        match self {
            Kind::Bash | Kind::Zsh => {
                r#"portctl() { printf '%s\0' "$@" >"$RECORD.draft" && mv "$RECORD.draft" "$RECORD"; }
                PROMPT_COMMAND='touch "$READY"'
                precmd() { touch "$READY"; }"#
            }
            Kind::Fish => {
                r#"function portctl
                    printf '%s\0' $argv >"$RECORD.draft" && mv "$RECORD.draft" "$RECORD"
                end
                function fish_prompt
                    touch "$READY"
                end"#
            }
        }
    }
}

/// A shell that is ready for keys.
pub(super) struct Terminal {
    script: Child,
    keys: ChildStdin,
    record: PathBuf,
    ready: PathBuf,
    kind: Kind,
}

impl Terminal {
    /// Starts a shell in the work folder with these commands. Returns `None` if it is not installed.
    pub(super) fn start(desk: &Desk, kind: Kind, setup: &str) -> Option<Terminal> {
        for tool in ["script", kind.name()] {
            if !is_available(tool, desk.sandbox.command(tool).arg("--version")) {
                return None;
            }
        }
        let folder = desk.path(kind.name());
        let (record, ready) = (folder.join("record"), folder.join("ready"));
        fs::create_dir_all(&folder).unwrap();
        // If it exists, fish does not generate completions from manual pages, which would outlive the shell.
        let generated = ".local/share/fish/generated_completions";
        fs::create_dir_all(desk.sandbox.home().join(generated)).unwrap();
        let startup = folder.join(".zshrc");
        fs::write(&startup, format!("{setup}\n{}\n", kind.recorder())).unwrap();
        let shell = match kind {
            Kind::Bash => format!("bash --noprofile --rcfile '{}' -i", startup.display()),
            Kind::Zsh => "zsh -d -i".to_owned(),
            Kind::Fish => format!("fish -i -C 'source {}'", startup.display()),
        };
        let mut command = desk.command("script");
        command
            .args(["-qec", &shell, "/dev/null"])
            .env("TERM", "xterm")
            .env("LC_ALL", "C.UTF-8")
            .env("SHELL", "/bin/sh")
            .env("ZDOTDIR", &folder)
            .env("RECORD", &record)
            .env("READY", &ready)
            .stdin(Stdio::piped())
            .stdout(fs::File::create(folder.join("screen")).unwrap());
        let mut script = command.spawn().unwrap();
        let keys = script.stdin.take().unwrap();
        Some(Terminal {
            script,
            keys,
            record,
            ready,
            kind,
        })
    }

    /// Types a line, in which `\t` completes, and Enter. Returns the arguments that portctl gets.
    #[track_caller]
    pub(super) fn arguments_of(&mut self, line: &str) -> Vec<String> {
        wait_until(&format!("{:?} is ready for {line:?}", self.kind), || {
            self.ready.exists()
        });
        fs::remove_file(&self.ready).unwrap();
        write!(self.keys, "{line}\r").unwrap();
        wait_until(&format!("{:?} runs {line:?}", self.kind), || {
            self.record.exists()
        });
        let record = fs::read_to_string(&self.record).unwrap();
        fs::remove_file(&self.record).unwrap();
        record.split_terminator('\0').map(str::to_owned).collect()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The terminal hangs up with it, which ends the shell.
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}
