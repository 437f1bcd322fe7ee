//! The command line of Docker Compose: its global options, and its subcommand.

use std::ffi::{OsStr, OsString};
use std::ops::Range;

/// Our own switch among the global options.
pub(crate) const PRINT: &str = "--print";

/// The global options that have a value, with their short forms.
const WITH_VALUE: [(&str, Option<u8>); 9] = [
    ("--file", Some(b'f')),
    ("--project-name", Some(b'p')),
    ("--project-directory", None),
    ("--workdir", None),
    ("--env-file", None),
    ("--profile", None),
    ("--ansi", None),
    ("--progress", None),
    ("--parallel", None),
];

/// The global options without a value, with their short forms.
const SWITCHES: [(&str, Option<u8>); 8] = [
    ("--help", Some(b'h')),
    ("--version", Some(b'v')),
    ("--verbose", None),
    (DRY_RUN, None),
    ("--compatibility", None),
    ("--all-resources", None),
    ("--no-ansi", None),
    (PRINT, None),
];

const DRY_RUN: &str = "--dry-run";

/// The subcommands that start containers, and so need all ports.
const ALLOCATING: [&str; 7] = ["up", "create", "run", "start", "restart", "scale", "watch"];

/// The subcommands that read no Compose file.
const WITHOUT_FILES: [&str; 4] = ["help", "version", "ls", "completion"];

/// The words behind `docker compose`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arguments {
    words: Vec<OsString>,
    options: Vec<GlobalOption>,
    /// The position of the subcommand, or the number of words if there is none.
    command_at: usize,
    /// False if a word before the subcommand is none of the global options known here.
    is_understood: bool,
}

/// A global option as it was typed.
#[derive(Clone, Debug)]
struct GlobalOption {
    name: &'static str,
    /// Empty for a switch without a value.
    value: OsString,
    /// The positions of its words.
    words: Range<usize>,
}

impl Arguments {
    pub(crate) fn read(words: &[OsString]) -> Arguments {
        let mut arguments = Arguments {
            words: words.to_vec(),
            is_understood: true,
            ..Arguments::default()
        };
        let mut at = 0;
        while let Some(word) = words.get(at) {
            let bytes = word.as_encoded_bytes();
            if !bytes.starts_with(b"-") || bytes == b"-" {
                break;
            }
            if let Some(options) = global_options(at, words) {
                at = options.last().map_or(at + 1, |it| it.words.end);
                arguments.options.extend(options);
            } else {
                arguments.is_understood = false;
                at = words.len();
            }
        }
        arguments.command_at = at;
        arguments
    }

    /// All words.
    pub(crate) fn words(&self) -> &[OsString] {
        &self.words
    }

    /// The words before the subcommand.
    pub(crate) fn global_words(&self) -> &[OsString] {
        &self.words[..self.command_at]
    }

    /// The subcommand and its arguments.
    pub(crate) fn command_words(&self) -> &[OsString] {
        &self.words[self.command_at..]
    }

    pub(crate) fn has_command(&self) -> bool {
        self.command_at < self.words.len()
    }

    fn command(&self) -> Option<&str> {
        self.command_words().first()?.to_str()
    }

    /// The words without the global options that `is_left_out` picks by their names and values.
    pub(crate) fn without(&self, is_left_out: impl Fn(&str, &OsStr) -> bool) -> Arguments {
        let left_out = self.options.iter();
        let left_out = left_out.filter(|it| is_left_out(it.name, &it.value));
        let left_out: Vec<Range<usize>> = left_out.map(|it| it.words.clone()).collect();
        let words = self.words.iter().enumerate();
        let words = words.filter(|(at, _)| left_out.iter().all(|it| !it.contains(at)));
        let words: Vec<OsString> = words.map(|(_, word)| word.clone()).collect();
        Arguments::read(&words)
    }

    /// The words with one more file behind the global options.
    pub(crate) fn with_file(&self, file: &OsStr) -> Vec<OsString> {
        let file = [OsString::from("-f"), file.to_owned()];
        [self.global_words(), &file, self.command_words()].concat()
    }

    /// The files that were named, in their order.
    pub(crate) fn files(&self) -> Vec<OsString> {
        self.values("--file")
    }

    /// The files of variables that were named, in their order.
    pub(crate) fn env_files(&self) -> Vec<OsString> {
        self.values("--env-file")
    }

    pub(crate) fn project_name(&self) -> Option<OsString> {
        self.values("--project-name").pop()
    }

    pub(crate) fn project_directory(&self) -> Option<OsString> {
        let newer = self.values("--project-directory").pop();
        newer.or_else(|| self.values("--workdir").pop())
    }

    /// Returns true if our own `--print` is among the global options.
    pub(crate) fn prints(&self) -> bool {
        self.has(PRINT)
    }

    /// Returns true if nothing of a project is read: there is no subcommand, or one that only explains.
    pub(crate) fn need_no_files(&self) -> bool {
        let explains = self.has("--help") || self.has("--version") || self.command_asks_for_help();
        let command = self.command();
        explains || (self.is_understood && command.is_none_or(|it| WITHOUT_FILES.contains(&it)))
    }

    /// Returns false if an option before the subcommand is unknown: a mistake, or one of a newer Compose.
    pub(crate) fn are_understood(&self) -> bool {
        self.is_understood
    }

    /// Returns true if the subcommand starts containers, and not only as a rehearsal.
    pub(crate) fn allocate(&self) -> bool {
        let command = self.command();
        command.is_some_and(|it| ALLOCATING.contains(&it)) && !self.is_dry_run()
    }

    /// Returns true if a global option, such as `--dry-run`, is on.
    fn has(&self, name: &str) -> bool {
        let mut options = self.options.iter().rev();
        let last = options.find(|it| it.name == name);
        last.is_some_and(|it| is_on(it.value.as_encoded_bytes()))
    }

    fn values(&self, name: &str) -> Vec<OsString> {
        let options = self.options.iter().filter(|it| it.name == name);
        options.map(|it| it.value.clone()).collect()
    }

    /// Returns true if the command is only a rehearsal.
    pub(crate) fn is_dry_run(&self) -> bool {
        let mut own = self.command_flags().iter().rev();
        let own = own.find_map(|it| it.as_encoded_bytes().strip_prefix(DRY_RUN.as_bytes()));
        match own {
            Some([b'=', value @ ..]) => is_on(value),
            Some([]) => true,
            _ => self.has(DRY_RUN),
        }
    }

    fn command_asks_for_help(&self) -> bool {
        let mut flags = self.command_flags().iter();
        flags.any(|it| it == "--help" || it == "-h")
    }

    /// The words of the subcommand that may be its flags. Those of `run` and `exec` end before the service, because a
    /// command line follows it.
    fn command_flags(&self) -> &[OsString] {
        let words = self.command_words().get(1..).unwrap_or_default();
        let is_end = |it: &OsString| match self.command() {
            Some("run" | "exec") => !it.as_encoded_bytes().starts_with(b"-"),
            _ => it == "--",
        };
        let end = words.iter().position(is_end).unwrap_or(words.len());
        &words[..end]
    }
}

/// Takes our own `--print` out of the words. Returns true if it was there, and the other words.
pub(crate) fn without_print(words: &[OsString]) -> (bool, Vec<OsString>) {
    let arguments = Arguments::read(words);
    let others = arguments.without(|name, _| name == PRINT);
    (arguments.prints(), others.words)
}

/// Reads the option at a position: a long one, or short ones in one word. Returns `None` if one of them is unknown or lacks its
/// value.
fn global_options(at: usize, words: &[OsString]) -> Option<Vec<GlobalOption>> {
    let word = &words[at];
    let bytes = word.as_encoded_bytes();
    let option = |name, value, length| GlobalOption {
        name,
        value,
        words: at..at + length,
    };
    if bytes.starts_with(b"--") {
        let equals = bytes.iter().position(|it| *it == b'=');
        let name = &bytes[..equals.unwrap_or(bytes.len())];
        let value = equals.map(|it| behind(word, it + 1));
        if let Some((name, _)) = SWITCHES.iter().find(|it| it.0.as_bytes() == name) {
            return Some(vec![option(name, value.unwrap_or_default(), 1)]);
        }
        let (name, _) = WITH_VALUE.iter().find(|it| it.0.as_bytes() == name)?;
        return match value {
            Some(value) => Some(vec![option(name, value, 1)]),
            None => Some(vec![option(name, words.get(at + 1)?.clone(), 2)]),
        };
    }
    let mut options = Vec::new();
    for (index, letter) in bytes.iter().enumerate().skip(1) {
        if let Some((name, _)) = SWITCHES.iter().find(|it| it.1 == Some(*letter)) {
            options.push(option(name, OsString::new(), 1));
            continue;
        }
        let (name, _) = WITH_VALUE.iter().find(|it| it.1 == Some(*letter))?;
        options.push(match &bytes[index + 1..] {
            [] => option(name, words.get(at + 1)?.clone(), 2),
            [b'=', ..] => option(name, behind(word, index + 2), 1),
            _ => option(name, behind(word, index + 1), 1),
        });
        break;
    }
    Some(options)
}

/// Returns the rest of a word from a position on, before which it is ASCII.
#[cfg(unix)]
fn behind(word: &OsStr, at: usize) -> OsString {
    use std::os::unix::ffi::OsStrExt;
    OsStr::from_bytes(&word.as_bytes()[at..]).to_owned()
}

#[cfg(not(unix))]
fn behind(word: &OsStr, at: usize) -> OsString {
    let text = word.to_string_lossy();
    text.get(at..).map_or_else(OsString::new, OsString::from)
}

/// Reads the value of a switch, which is empty if it was not given.
fn is_on(value: &[u8]) -> bool {
    let is_off = [&b"0"[..], b"f", b"F", b"false", b"FALSE", b"False"].contains(&value);
    !is_off
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{Arguments, without_print};

    fn arguments(line: &str) -> Arguments {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        Arguments::read(&words)
    }

    fn joined(words: &[OsString]) -> String {
        words.join(" ".as_ref()).into_string().unwrap()
    }

    #[test]
    fn global_options_end_at_the_subcommand() {
        for (line, globals, files) in [
            ("up -d", "", ""),
            ("-f a.yaml up -f x", "-f a.yaml", "a.yaml"),
            (
                "-fa.yaml -f=b --file=c --file d ps",
                "-fa.yaml -f=b --file=c --file d",
                "a.yaml b c d",
            ),
            ("--compatibility -f - config", "--compatibility -f -", "-"),
            ("--profile up -p=x up", "--profile up -p=x", ""),
            ("-vf a up", "-vf a", "a"),
        ] {
            let arguments = arguments(line);
            assert_eq!(joined(arguments.global_words()), globals, "{line}");
            assert_eq!(joined(&arguments.files()), files, "{line}");
            assert!(arguments.is_understood, "{line}");
        }
    }

    #[test]
    fn one_more_file_stands_before_the_subcommand() {
        let words = arguments("-f a --ansi never up -d web").with_file("o.yaml".as_ref());
        assert_eq!(joined(&words), "-f a --ansi never -f o.yaml up -d web");
    }

    #[test]
    fn options_are_left_out_with_their_values() {
        let arguments = arguments("-f a -f b --file=a -vfa up -f a");
        let left = arguments.without(|name, value| name == "--file" && value == "a");
        assert_eq!(joined(left.words()), "-f b up -f a");
    }

    #[test]
    fn only_the_print_among_the_global_options_is_ours() {
        for (line, prints, others) in [
            ("--print", true, ""),
            ("-f a --print up -d", true, "-f a up -d"),
            ("-p --print up", false, "-p --print up"),
            ("up --print", false, "up --print"),
            ("--print=false up", false, "up"),
        ] {
            let (is_there, words) = without_print(arguments(line).words());
            assert_eq!((is_there, &*joined(&words)), (prints, others), "{line}");
        }
    }

    #[test]
    fn explanations_need_no_files() {
        for line in [
            "",
            "help up",
            "version",
            "ls -a",
            "completion bash",
            "--help",
            "-h up",
            "--version",
            "-v",
            "up --help",
            "run --rm -h",
            "up -d -h",
        ] {
            assert!(arguments(line).need_no_files(), "{line}");
        }
        for line in ["-x up", "--nonsense up", "-f", "--project-name"] {
            assert!(!arguments(line).need_no_files(), "{line}");
            assert!(!arguments(line).are_understood(), "{line}");
        }
        for line in [
            "up",
            "run web --help",
            "exec web ls -h",
            "up --help=false",
            "-f a ps",
            "logs -- -h",
        ] {
            assert!(!arguments(line).need_no_files(), "{line}");
        }
    }

    #[test]
    fn subcommands_that_start_containers_allocate_unless_they_rehearse() {
        for line in [
            "up -d",
            "run --rm web ls --dry-run",
            "--dry-run=false up",
            "watch",
            "up --dry-run=0",
        ] {
            assert!(arguments(line).allocate(), "{line}");
        }
        for line in [
            "ps",
            "down",
            "--dry-run up",
            "up --dry-run",
            "run --dry-run web",
            "config",
            "",
        ] {
            assert!(!arguments(line).allocate(), "{line}");
        }
    }

    #[test]
    fn words_that_are_not_utf_8_stay_as_they_are() {
        use std::os::unix::ffi::OsStringExt;
        let file = OsString::from_vec(b"--file=\xff.yaml".to_vec());
        let read = Arguments::read(&[file, "up".into()]);
        assert_eq!(read.files(), [OsString::from_vec(b"\xff.yaml".to_vec())]);
    }
}
