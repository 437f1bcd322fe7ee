//! The program that is Docker Compose, and its answers.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io;
use std::process::{Command, Output, Stdio};

use super::arguments::Arguments;

/// The first version that takes the tags `!override` and `!reset` as portctl needs them.
pub(crate) const NEEDED: Version = Version(2, 24, 4);

/// The command lines to try.
const COMMAND_LINES: [&[&str]; 2] = [&["docker", "compose"], &["docker-compose"]];

/// A version of Docker Compose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(u64, u64, u64);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// A command line that runs Docker Compose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Program(&'static [&'static str]);

/// A program and the version that it says it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedVersion {
    /// Docker Compose, docker-compose or podman-compose.
    pub(crate) name: &'static str,
    pub(crate) version: Version,
}

/// The answer to a question about a project.
#[derive(Debug)]
pub(crate) enum Asked {
    /// The project, as JSON.
    Config(Program, Vec<u8>),
    /// Compose refused the project, with this exit code and these messages.
    Refused {
        program: Program,
        code: u8,
        messages: Vec<u8>,
    },
    /// There is only a program that cannot be asked.
    TooOld(Program, NamedVersion),
    /// There is no Compose.
    Missing,
}

/// A question about a project.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) arguments: &'a Arguments,
    /// Variables to set.
    pub(crate) variables: &'a [(&'static str, OsString)],
    /// Makes the standard input.
    pub(crate) stdin: &'a dyn StdinSource,
}

/// A source of standard input.
pub(crate) trait StdinSource: fmt::Debug {
    /// Opens the input anew. Returns `None` if there is none.
    ///
    /// # Errors
    ///
    /// Fails if the copy of the input is gone.
    fn open(&self) -> io::Result<Option<File>>;
}

impl Program {
    /// The program that is run if nothing has to be known about the project.
    pub(crate) const DOCKER: Program = Program(COMMAND_LINES[0]);

    /// Finds the program: the plugin of docker, else a `docker-compose` of version 2 or later. Returns the plugin if there is
    /// neither.
    pub(crate) fn find() -> Program {
        let mut programs = COMMAND_LINES.map(Program).into_iter();
        let found = programs.find(|it| it.version().is_some_and(|it| it.is_v2()));
        found.unwrap_or(Program::DOCKER)
    }

    /// Finds the newest version that one of the programs has.
    pub(crate) fn newest_version() -> Option<NamedVersion> {
        let versions = COMMAND_LINES.into_iter().map(Program);
        let versions = versions.filter_map(Program::version);
        versions.max_by_key(|it| (it.is_v2(), it.version))
    }

    pub(crate) fn command(self) -> Command {
        let mut command = Command::new(self.0[0]);
        command.args(&self.0[1..]);
        command
    }

    /// The words that a user types.
    pub(crate) fn line(self) -> String {
        self.0.join(" ")
    }

    /// Asks for the version. Returns `None` if there is no such program.
    pub(crate) fn version(self) -> Option<NamedVersion> {
        let mut command = self.command();
        let output = command.arg("version").stdin(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        output.status.success().then(|| named_version(&text))?
    }

    /// Asks for the project, with all its services.
    fn config(self, question: Question) -> io::Result<Output> {
        let all = self.output(question, &["--profile", "*"])?;
        if all.status.success() {
            return Ok(all);
        }
        // A service in a profile that nobody uses may be broken.
        self.output(question, &[])
    }

    fn output(self, question: Question, profiles: &[&str]) -> io::Result<Output> {
        let stdin = match question.stdin.open()? {
            Some(file) => file.into(),
            None => Stdio::null(),
        };
        let variables = question.variables.iter();
        let mut command = self.command();
        command
            .args(question.arguments.global_words())
            .args(profiles)
            .args(["config", "--format", "json"])
            .envs(variables.map(|(name, value)| (name, value)))
            .stdin(stdin)
            .output()
    }
}

impl NamedVersion {
    fn is_v2(&self) -> bool {
        self.name != PODMAN && self.version >= Version(2, 0, 0)
    }
}

const PODMAN: &str = "podman-compose";

/// The name of the program before it was a plugin.
pub(crate) const DOCKER_COMPOSE: &str = "docker-compose";

/// Asks the first program that is Docker Compose of version 2 or later.
pub(crate) fn ask(question: Question) -> Asked {
    let mut too_old = None;
    for program in COMMAND_LINES.map(Program) {
        let Ok(output) = program.config(question) else {
            continue;
        };
        if output.status.success() && output.stdout.starts_with(b"{") {
            return Asked::Config(program, output.stdout);
        }
        match program.version() {
            Some(found) if found.is_v2() => {
                let code = output.status.code();
                return Asked::Refused {
                    program,
                    code: code.and_then(|it| u8::try_from(it).ok()).unwrap_or(1),
                    messages: output.stderr,
                };
            }
            found => too_old = too_old.or(found.map(|it| (program, it))),
        }
    }
    too_old.map_or(Asked::Missing, |(program, found)| {
        Asked::TooOld(program, found)
    })
}

/// Reads the answer of `version`, such as `Docker Compose version v2.26.1-desktop.1`.
fn named_version(text: &str) -> Option<NamedVersion> {
    let mut names = [PODMAN, DOCKER_COMPOSE].into_iter();
    let name = names.find(|it| text.contains(it));
    let mut words = text.split_whitespace();
    let version = words.find_map(|word| {
        let word = word.strip_prefix('v').unwrap_or(word);
        let end = word.find(|it: char| !it.is_ascii_digit() && it != '.');
        let mut numbers = word[..end.unwrap_or(word.len())].split('.').map(str::parse);
        let major = numbers.next()?.ok()?;
        let minor = numbers.next()?.ok()?;
        Some(Version(major, minor, numbers.next()?.ok()?))
    })?;
    Some(NamedVersion {
        name: name.unwrap_or("Docker Compose"),
        version,
    })
}

#[cfg(test)]
mod tests {
    use super::{NEEDED, named_version};

    #[test]
    fn versions_are_read_and_compared() {
        for (text, name, version, is_v2, suffices) in [
            (
                "Docker Compose version v2.26.1\n",
                "Docker Compose",
                "2.26.1",
                true,
                true,
            ),
            (
                "Docker Compose version 2.26.1-4\n",
                "Docker Compose",
                "2.26.1",
                true,
                true,
            ),
            (
                "Docker Compose version v2.24.3-desktop.1",
                "Docker Compose",
                "2.24.3",
                true,
                false,
            ),
            (
                "Docker Compose version v2.24.4",
                "Docker Compose",
                "2.24.4",
                true,
                true,
            ),
            (
                "Docker Compose version v5.0.0-rc.1",
                "Docker Compose",
                "5.0.0",
                true,
                true,
            ),
            (
                "docker-compose version 1.29.2, build unknown\ndocker-py version: 5.0.3\n",
                "docker-compose",
                "1.29.2",
                false,
                false,
            ),
            (
                "podman-compose version 1.5.0\npodman version 5.4.2",
                "podman-compose",
                "1.5.0",
                false,
                false,
            ),
        ] {
            let found = named_version(text).unwrap();
            assert_eq!((found.name, &*found.version.to_string()), (name, version));
            assert_eq!(found.is_v2(), is_v2, "{text}");
            assert_eq!(found.version >= NEEDED, suffices, "{text}");
        }
        assert_eq!(named_version("docker: unknown command"), None);
        assert_eq!(named_version(""), None);
    }
}
