//! The text of git's `post-checkout` hook.

use std::path::Path;

use thiserror::Error;

use crate::marked_text::{COMMENT_MARKS, MarkError, spliced};

pub(crate) const NAME: &str = "post-checkout";

/// The line that does the same in a hook that portctl cannot change.
pub(crate) const LINE: &str =
    "[ \"$3\" != 1 ] || [ ! -f portctl.toml ] || portctl sync >/dev/null || :";

/// The reason why a hook cannot be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum HookError {
    #[error(transparent)]
    Marks(#[from] MarkError),
    #[error("it is not a shell script")]
    NotShell,
}

/// Runs in any shell, also under `set -eu`. Never changes the exit code of the hook, which becomes that of git.
const BLOCK: &str = r#"# >>> port-registry >>>
# Written by portctl. Changes in this block are lost.
if [ "${3-}" = 1 ] && [ -f portctl.toml ]; then
  (
    PATH="$PATH:${HOME-}/.local/bin:${HOME-}/.cargo/bin:/opt/homebrew/bin:/usr/local/bin"
    command -v portctl >/dev/null 2>&1 || exit 0
    portctl sync </dev/null >/dev/null
  ) || :
fi
# <<< port-registry <<<
"#;

const NEW_HOOK: &str = "#!/bin/sh\n";
const SHELLS: [&str; 6] = ["sh", "bash", "dash", "ash", "ksh", "zsh"];

/// Adds the block to a hook, or brings it up to date. It comes first, because hooks may end with `exit` or `exec`.
pub(crate) fn with_block(hook: &[u8]) -> Result<Vec<u8>, HookError> {
    if hook.is_empty() {
        return Ok([NEW_HOOK, BLOCK].concat().into_bytes());
    }
    if let Some(found) = COMMENT_MARKS.find(hook)? {
        return Ok(spliced(hook, found, BLOCK.as_bytes()));
    }
    let first = hook.split_inclusive(|&it| it == b'\n').next();
    let first = first.unwrap_or_default();
    if !first.starts_with(b"#!") {
        // The shell runs it.
        return Ok(spliced(hook, 0..0, BLOCK.as_bytes()));
    }
    if !is_of_shell(first) {
        return Err(HookError::NotShell);
    }
    let separator = if first.ends_with(b"\n") { "" } else { "\n" };
    let added = [separator, BLOCK].concat();
    let end = first.len();
    Ok(spliced(hook, end..end, added.as_bytes()))
}

/// Removes the block. Returns `None` if there is none. A hook that does nothing else becomes empty.
pub(crate) fn without_block(hook: &[u8]) -> Result<Option<Vec<u8>>, HookError> {
    let Some(found) = COMMENT_MARKS.find(hook)? else {
        return Ok(None);
    };
    let rest = spliced(hook, found, b"");
    let is_new = rest == NEW_HOOK.as_bytes();
    Ok(Some(if is_new { Vec::new() } else { rest }))
}

/// Returns true if the interpreter that a hook names is a shell.
fn is_of_shell(first_line: &[u8]) -> bool {
    // A carriage return is a part of the interpreter's name.
    let Ok(line) = str::from_utf8(first_line) else {
        return false;
    };
    let mut words = line
        .trim_start_matches("#!")
        .trim_matches([' ', '\t', '\n'])
        .split([' ', '\t']);
    let name = |word: &str| {
        Path::new(word)
            .file_name()
            .map(|it| it.to_string_lossy().into_owned())
    };
    let mut program = words.next().and_then(name);
    if matches!(program.as_deref(), Some("env" | "busybox")) {
        program = words
            .find(|it| !it.starts_with('-') && !it.contains('='))
            .and_then(name);
    }
    program.is_some_and(|it| SHELLS.contains(&&*it))
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, HookError, NEW_HOOK, with_block, without_block};

    #[test]
    fn block_follows_the_shebang_and_leaves_no_trace() {
        for (hook, at) in [
            ("#!/bin/sh\nset -e\nexec true\n", 10),
            ("#!/usr/bin/env -S bash -e\nexit 1", 26),
            ("#! /bin/dash\n\n\tx\r\n", 13),
            ("echo no shebang\n", 0),
        ] {
            let with = with_block(hook.as_bytes()).unwrap();
            let expected = [&hook[..at], BLOCK, &hook[at..]].concat();
            assert_eq!(String::from_utf8(with.clone()).unwrap(), expected);
            assert_eq!(with_block(&with).unwrap(), with);
            assert_eq!(without_block(&with).unwrap().unwrap(), hook.as_bytes());
        }
        let new = with_block(b"").unwrap();
        assert_eq!(new, [NEW_HOOK, BLOCK].concat().as_bytes());
        assert_eq!(without_block(&new).unwrap().unwrap(), b"");
        assert_eq!(without_block(b"exit 0\n").unwrap(), None);
    }

    #[test]
    fn other_languages_are_refused() {
        for hook in [
            "#!/usr/bin/env python3\n",
            "#!/usr/bin/node\n",
            "#!/bin/sh\r\n",
            "#!\n",
        ] {
            assert_eq!(
                with_block(hook.as_bytes()),
                Err(HookError::NotShell),
                "{hook:?}"
            );
        }
    }
}
