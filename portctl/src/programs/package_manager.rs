//! Command lines of npm, pnpm, yarn and bun that run a script or a program of the project.

use super::words::base_name;
use super::wrapper::skip_flags;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScriptRunner {
    Npm,
    Pnpm,
    Yarn,
    Bun,
}

/// A script of a `package.json` that a package manager is told to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScriptCall<'a> {
    pub(crate) runner: ScriptRunner,
    pub(crate) name: &'a str,
    /// The folder that a flag names.
    pub(crate) folder: Option<&'a str>,
    /// The offset of the first word behind the script's name.
    pub(crate) arguments_at: usize,
    /// Without a script of this name, it is a program.
    pub(crate) may_be_program: bool,
}

/// The meaning of a package manager's command line.
pub(super) enum Managed<'a> {
    Script(ScriptCall<'a>),
    /// The offset of a program, and if only the words behind a `--` reach it.
    Program(usize, bool),
    /// Scripts of several packages, or of another one than the current.
    OtherPackages,
    /// A command that runs nothing of the project, such as `npm install`.
    Own,
    Unknown,
}

impl ScriptRunner {
    fn of(word: &str) -> Option<ScriptRunner> {
        Some(match base_name(word) {
            "npm" => ScriptRunner::Npm,
            "pnpm" => ScriptRunner::Pnpm,
            "yarn" | "yarnpkg" => ScriptRunner::Yarn,
            "bun" => ScriptRunner::Bun,
            _ => return None,
        })
    }

    /// Returns the flag that names a folder, in its forms.
    fn folder_flags(self) -> &'static [&'static str] {
        match self {
            ScriptRunner::Npm => &["--prefix", "-C"],
            ScriptRunner::Pnpm => &["--dir", "-C"],
            ScriptRunner::Yarn | ScriptRunner::Bun => &["--cwd"],
        }
    }

    fn other_flags(self) -> &'static [&'static str] {
        match self {
            ScriptRunner::Npm => &[
                "--foreground-scripts",
                "--if-present",
                "--quiet",
                "--silent",
                "-d",
                "-q",
                "-s",
            ],
            ScriptRunner::Pnpm => &["--color", "--if-present", "--no-color", "--silent", "-s"],
            ScriptRunner::Yarn => &["--silent", "-s"],
            ScriptRunner::Bun => &["--bun", "--if-present", "--silent", "-b"],
        }
    }
}

/// Flags that select other packages.
const OTHER_PACKAGES: &[&str] = &[
    "--filter",
    "--filter-prod",
    "--parallel",
    "--recursive",
    "--workspace",
    "--workspace-root",
    "--workspaces",
    "-F",
    "-r",
    "-w",
    "-ws",
];

/// Returns `None` if the words start with no package manager.
pub(super) fn managed<'a>(words: &[&'a str]) -> Option<Managed<'a>> {
    if base_name(words.first()?) == "node" {
        return node_script(words).map(Managed::Script);
    }
    let runner = ScriptRunner::of(words.first()?)?;
    Some(managed_by(runner, words).unwrap_or(Managed::Unknown))
}

/// Returns the script of `node --run NAME`, which passes on the words behind a `--`, as npm does.
fn node_script<'a>(words: &[&'a str]) -> Option<ScriptCall<'a>> {
    let (name, arguments_at) = match *words.get(1)? {
        "--run" => (*words.get(2)?, 3),
        word => (word.strip_prefix("--run=")?, 2),
    };
    Some(ScriptCall {
        runner: ScriptRunner::Npm,
        name,
        folder: None,
        arguments_at,
        may_be_program: false,
    })
}

fn managed_by<'a>(runner: ScriptRunner, words: &[&'a str]) -> Option<Managed<'a>> {
    // npm takes its own flags everywhere, the others only before the script.
    let own = match runner {
        ScriptRunner::Npm => words
            .iter()
            .position(|word| *word == "--")
            .unwrap_or(words.len()),
        _ => script_at(runner, words)?,
    };
    let is_selection = |word: &&str| {
        let name = word.split_once('=').map_or(*word, |(name, _)| name);
        OTHER_PACKAGES.contains(&name)
    };
    if words[..own].iter().any(is_selection) {
        return Some(Managed::OtherPackages);
    }
    let command_at = after_flags(runner, words, 1)?;
    let command = *words.get(command_at)?;
    let next = after_flags(runner, words, command_at + 1);
    let named_at = match (runner, command) {
        (ScriptRunner::Yarn, "workspace" | "workspaces") => return Some(Managed::OtherPackages),
        (ScriptRunner::Npm, "exec" | "x") => {
            let at = skip_flags(words, command_at + 1, &[], &["--yes", "-y"])?;
            let is_behind_dashes = words[..at].contains(&"--");
            return Some(Managed::Program(at, !is_behind_dashes));
        }
        (ScriptRunner::Pnpm, "exec") => return Some(Managed::Program(next?, false)),
        (ScriptRunner::Npm, "run" | "run-script" | "rum" | "urn")
        | (ScriptRunner::Pnpm, "run" | "run-script")
        | (ScriptRunner::Yarn | ScriptRunner::Bun, "run") => next?,
        (ScriptRunner::Npm, "start") => command_at,
        // The first version of `yarn exec` takes the program's flags for itself, and later ones pass a `--` on.
        (ScriptRunner::Yarn, "exec") => return None,
        (ScriptRunner::Npm, _) => return Some(Managed::Own),
        _ => command_at,
    };
    let name = *words.get(named_at)?;
    let folder = folder_in(runner, &words[..own]);
    let may_be_program = match runner {
        ScriptRunner::Npm => false,
        ScriptRunner::Pnpm => named_at == command_at,
        ScriptRunner::Yarn | ScriptRunner::Bun => true,
    };
    Some(Managed::Script(ScriptCall {
        runner,
        name,
        folder,
        arguments_at: named_at + 1,
        may_be_program,
    }))
}

/// Returns the offset of the script's or the program's name, wherever the flags before it are known.
fn script_at(runner: ScriptRunner, words: &[&str]) -> Option<usize> {
    let with_value = [runner.folder_flags(), OTHER_PACKAGES].concat();
    let command_at = skip_flags(words, 1, &with_value, runner.other_flags());
    // A selection without a value, such as `-r`, may hide the command, but the answer is the selection then.
    let command_at = command_at?.min(words.len());
    match words.get(command_at) {
        Some(&"run" | &"run-script" | &"exec") => {
            let at = skip_flags(words, command_at + 1, &with_value, runner.other_flags())?;
            Some(at.min(words.len()))
        }
        _ => Some(command_at),
    }
}

fn after_flags(runner: ScriptRunner, words: &[&str], at: usize) -> Option<usize> {
    skip_flags(words, at, runner.folder_flags(), runner.other_flags())
}

/// Returns the folder that a flag names. The last one counts.
fn folder_in<'a>(runner: ScriptRunner, own: &[&'a str]) -> Option<&'a str> {
    let flags = runner.folder_flags();
    let folder = |(at, word): (usize, &&'a str)| match word.split_once('=') {
        Some((name, folder)) => flags.contains(&name).then_some(folder),
        None if flags.contains(word) => own.get(at + 1).copied(),
        None => None,
    };
    own.iter().enumerate().filter_map(folder).next_back()
}
