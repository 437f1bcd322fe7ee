//! Commands that documents name.

use test_support::Sandbox;

use crate::PORTCTL;

/// Commands that have subcommands.
const GROUPS: [&str; 2] = ["hook", "skill"];

/// Asserts that portctl has the command and the flags of a line, which follows the word `portctl`. Arguments after `--` belong to
/// another program.
#[track_caller]
pub(crate) fn assert_known(sandbox: &Sandbox, line: &str) {
    let mut words = line.split_whitespace();
    let mut command = vec![words.next().unwrap()];
    if GROUPS.contains(&command[0]) {
        command.extend(words.next());
    }
    let help = sandbox.run(PORTCTL, &[&command[..], &["--help"]].concat());
    let known: Vec<&str> = help.printed().split([' ', ',', '\n']).collect();
    let words = words.take_while(|it| *it != "--");
    for word in words.map(|it| it.trim_matches(['[', ']'])) {
        assert!(
            !word.starts_with('-') || known.contains(&word),
            "portctl {line}: {word}"
        );
    }
}
