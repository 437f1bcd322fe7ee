//! The arguments of a program whose flags are only partly known.

/// Returns the arguments before a `--`, behind which there are no flags.
pub(super) fn before_dashes<'a, 'b>(arguments: &'a [&'b str]) -> &'a [&'b str] {
    let end = arguments.iter().position(|word| *word == "--");
    &arguments[..end.unwrap_or(arguments.len())]
}

/// Accepts command lines that print something and end.
pub(super) fn asks_for_help(arguments: &[&str]) -> bool {
    let mut own = before_dashes(arguments).iter();
    // With other words, `-h` is the host for several programs.
    let is_alone = matches!(arguments, ["-h" | "-v" | "-V"]);
    is_alone || own.any(|word| matches!(*word, "--help" | "--version"))
}

/// Returns the words that may be the subcommand: the first positional argument, and any before it that may be the
/// value of a flag instead.
pub(super) fn could_be_subcommands<'a>(arguments: &[&'a str]) -> impl Iterator<Item = &'a str> {
    let is_positional = |at: usize| {
        let before = at.checked_sub(1).map(|before| arguments[before]);
        let may_be_value = before.is_some_and(|flag| flag.starts_with('-') && !flag.contains('='));
        !arguments[at].starts_with('-') && !may_be_value
    };
    let first = (0..arguments.len()).find(|&at| is_positional(at));
    let end = first.map_or(arguments.len(), |at| at + 1);
    let words: Vec<&str> = arguments[..end].to_vec();
    words.into_iter().filter(|word| !word.starts_with('-'))
}
