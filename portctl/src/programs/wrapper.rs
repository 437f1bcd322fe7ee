//! Programs that run another one, which their arguments name.

use super::words::base_name;

/// A wrapper, such as `uv run` or `npx`, with the flags that may stand before the program.
pub(super) struct Wrapper {
    words: &'static [&'static str],
    with_value: &'static [&'static str],
    without_value: &'static [&'static str],
    /// The program is the name of a package, which may have a version.
    pub(super) runs_package: bool,
}

const UV_WITH_VALUE: &[&str] = &[
    "--cache-dir",
    "--color",
    "--config-file",
    "--default-index",
    "--directory",
    "--env-file",
    "--extra",
    "--from",
    "--group",
    "--index",
    "--no-group",
    "--only-group",
    "--package",
    "--project",
    "--python",
    "--with",
    "--with-editable",
    "--with-requirements",
    "-p",
    "-w",
];
// `-m` says that a module is meant, which is a program like any other here.
const UV_WITHOUT_VALUE: &[&str] = &[
    "--module",
    "-m",
    "--active",
    "--all-extras",
    "--all-groups",
    "--dev",
    "--exact",
    "--frozen",
    "--isolated",
    "--locked",
    "--no-cache",
    "--no-dev",
    "--no-env-file",
    "--no-project",
    "--no-sync",
    "--offline",
    "--only-dev",
    "--quiet",
    "--refresh",
    "--verbose",
    "-n",
    "-q",
    "-v",
];

const WRAPPERS: &[Wrapper] = &[
    of(&["cross-env"], &[], &[]),
    of(
        &["env"],
        &["--unset", "-u"],
        &["-", "--ignore-environment", "-i"],
    ),
    of(&["exec"], &[], &[]),
    of(&["nohup"], &[], &[]),
    of(&["time"], &[], &[]),
    package(
        &["npx"],
        &["--package", "-p"],
        &[
            "--ignore-existing",
            "--no",
            "--no-install",
            "--prefer-offline",
            "--prefer-online",
            "--quiet",
            "--yes",
            "-q",
            "-y",
        ],
    ),
    package(
        &["bunx"],
        &["--package", "-p"],
        &["--bun", "--no-install", "--silent", "--verbose"],
    ),
    package(
        &["bun", "x"],
        &["--package", "-p"],
        &["--bun", "--no-install", "--silent", "--verbose"],
    ),
    package(&["pnpx"], &["--package"], &["--silent"]),
    package(&["pnpm", "dlx"], &["--package"], &["--silent"]),
    package(&["yarn", "dlx"], &["--package", "-p"], &["--quiet", "-q"]),
    package(&["uvx"], UV_WITH_VALUE, UV_WITHOUT_VALUE),
    package(&["uv", "tool", "run"], UV_WITH_VALUE, UV_WITHOUT_VALUE),
    of(&["uv", "run"], UV_WITH_VALUE, UV_WITHOUT_VALUE),
    of(
        &["poetry", "run"],
        &["--directory", "--project", "-C", "-P"],
        &["--quiet", "-q"],
    ),
    of(&["pdm", "run"], &["--project", "-p"], &["--quiet", "-q"]),
    of(&["pipenv", "run"], &[], &[]),
    of(&["bundle", "exec"], &[], &["--keep-file-descriptors"]),
];

/// Programs whose command stands behind the first `--`.
const BEHIND_DASHES: &[&str] = &[
    "direnv",
    "doppler",
    "dotenv",
    "dotenvx",
    "infisical",
    "mise",
    "op",
];

const fn of(
    words: &'static [&'static str],
    with_value: &'static [&'static str],
    without_value: &'static [&'static str],
) -> Wrapper {
    Wrapper {
        words,
        with_value,
        without_value,
        runs_package: false,
    }
}

const fn package(
    words: &'static [&'static str],
    with_value: &'static [&'static str],
    without_value: &'static [&'static str],
) -> Wrapper {
    Wrapper {
        runs_package: true,
        ..of(words, with_value, without_value)
    }
}

/// Returns the offset of the program that a wrapper at the start of the words runs, and if that is a package.
pub(super) fn wrapped(words: &[&str]) -> Option<(usize, bool)> {
    let name = base_name(words.first()?);
    if BEHIND_DASHES.contains(&name) {
        let dashes = words.iter().position(|word| *word == "--")?;
        return Some((dashes + 1, false));
    }
    let mut reached = WRAPPERS
        .iter()
        .filter_map(|it| Some((it.end_in(words)?, it.runs_package)));
    reached.next()
}

/// Tests if the words start with the name of a wrapper and have its other words, whatever its flags are.
pub(super) fn is_wrapper(words: &[&str]) -> bool {
    let Some((first, rest)) = words.split_first() else {
        return false;
    };
    let name = base_name(first);
    let is_meant =
        |it: &Wrapper| it.words[0] == name && it.words[1..].iter().all(|word| rest.contains(word));
    BEHIND_DASHES.contains(&name) || WRAPPERS.iter().any(is_meant)
}

impl Wrapper {
    /// Returns the offset behind the wrapper's own words and flags, all of which must be known.
    fn end_in(&self, words: &[&str]) -> Option<usize> {
        let mut at = 0;
        for (index, expected) in self.words.iter().enumerate() {
            let word = *words.get(at)?;
            let word = if index == 0 { base_name(word) } else { word };
            if word != *expected {
                return None;
            }
            at = skip_flags(words, at + 1, self.with_value, self.without_value)?;
        }
        Some(at)
    }
}

/// Returns the offset of the first word that is no flag. Returns `None` if a flag is unknown.
pub(super) fn skip_flags(
    words: &[&str],
    mut at: usize,
    with_value: &[&str],
    without_value: &[&str],
) -> Option<usize> {
    while let Some(word) = words.get(at) {
        let name = word.split_once('=').map_or(*word, |(name, _)| name);
        if *word == "--" {
            return Some(at + 1);
        } else if without_value.contains(&name) || (with_value.contains(&name) && name != *word) {
            at += 1;
        } else if with_value.contains(word) {
            at += 2;
        } else if word.starts_with('-') {
            return None;
        } else {
            break;
        }
    }
    Some(at)
}
