//! Short names of commands.

/// Each alias, and the command that it stands for.
pub(crate) const ALIASES: [(&str, &str); 2] = [("ls", "list"), ("rm", "release")];

/// Returns the command that a word stands for: the word itself, unless it is an alias.
pub(crate) fn resolved(word: &str) -> &str {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == word);
    alias.map_or(word, |(_, command)| command)
}

/// A command's name and its aliases, as in `list, ls`.
pub fn with_aliases(command: &str) -> String {
    let aliases = ALIASES.iter().filter(|(_, it)| *it == command);
    let names = aliases.map(|(alias, _)| *alias);
    [command]
        .into_iter()
        .chain(names)
        .collect::<Vec<_>>()
        .join(", ")
}
