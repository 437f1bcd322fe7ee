//! Suggestions for mistyped words.

/// The longest word that is compared, so that a huge one costs no time.
const MAX_LENGTH: usize = 64;
/// Length from which any letter of a word may be wrong.
const MIN_LENGTH: usize = 3;
/// Length from which the beginning of a word stands for the whole.
const MIN_PREFIX: usize = 3;

/// Finds the candidate that a word is most likely a misspelling or the beginning of. Returns `None` if none is similar.
pub(crate) fn closest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if word.len() > MAX_LENGTH {
        return None;
    }
    let word = word.to_lowercase();
    let near = candidates.into_iter().filter_map(|it| {
        let candidate = it.to_lowercase();
        let distance = distance(&word, &candidate)?;
        // `prun` is one edit from `run`, but most likely an unfinished `prune`.
        let is_beginning = word.len() >= MIN_PREFIX && candidate.starts_with(&word);
        Some(((!is_beginning, distance), it))
    });
    near.min_by_key(|(rank, _)| *rank).map(|(_, it)| it)
}

/// The number of edits from one word to another. Returns `None` if they are too many for a misspelling, or if the words
/// differ by a number, as `web1` and `web2` do.
fn distance(word: &str, candidate: &str) -> Option<usize> {
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    if digits(word) != digits(candidate) {
        return None;
    }
    let edits = strsim::osa_distance(word, candidate);
    let (length, other) = (word.chars().count(), candidate.chars().count());
    if length.min(other) < MIN_LENGTH {
        // Every short word is one edit away from many others, but `sl` is `ls`, and `al` is `all`.
        let is_swapped = word.chars().rev().eq(candidate.chars());
        let is_beginning = length > 1 && edits == 1 && candidate.starts_with(word);
        return (edits == 0 || is_swapped || is_beginning).then_some(edits);
    }
    // One edit in short words, and one in three letters of longer ones.
    let most = length.max(other) / 3;
    if edits <= most {
        return Some(edits);
    }
    let is_beginning = word.len() >= MIN_PREFIX && candidate.starts_with(word);
    is_beginning.then_some(most + 1)
}

/// Returns true if two names differ by a slip of the keyboard: two letters swapped, or one letter left out or doubled.
pub(crate) fn is_slip(one: &str, other: &str) -> bool {
    let (one_length, other_length) = (one.chars().count(), other.chars().count());
    if one_length.min(other_length) < 3 || one_length.max(other_length) > MAX_LENGTH {
        return false;
    }
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    let is_swapped = sorted(one) == sorted(other);
    // `web2` beside `web` and `webs` beside `web` are on purpose.
    let (shorter, longer) = if one_length < other_length {
        (one, other)
    } else {
        (other, one)
    };
    let ending = longer
        .strip_prefix(shorter)
        .and_then(|it| it.chars().next());
    let is_on_purpose = ending.is_some_and(|it| it == 's' || !it.is_alphabetic());
    let is_left_out = one_length != other_length && !is_on_purpose;
    (is_swapped || is_left_out) && distance(one, other) == Some(1)
}

#[cfg(test)]
mod tests {
    use super::{closest, is_slip};

    #[test]
    fn slips_are_told_from_names_on_purpose() {
        for (one, other) in [
            ("web", "wbe"),
            ("postgres", "postgers"),
            ("redis", "rediis"),
        ] {
            assert!(is_slip(one, other) && is_slip(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("web", "web"),
            ("web", "web2"),
            ("web12", "web21"),
            ("job", "jobs"),
            ("web", "web-"),
            ("api", "app"),
            ("db", "bd"),
            ("web", "worker"),
        ] {
            assert!(
                !is_slip(one, other) && !is_slip(other, one),
                "{one} {other}"
            );
        }
    }

    #[test]
    fn misspellings_and_beginnings_are_recognized() {
        let words = [
            "get",
            "list",
            "release",
            "run",
            "completions",
            "prune",
            "start",
            "status",
        ];
        for (word, expected) in [
            ("gte", Some("get")),
            ("GET", Some("get")),
            ("lst", Some("list")),
            ("relase", Some("release")),
            ("comp", Some("completions")),
            ("star", Some("start")),
            ("stat", Some("status")),
            ("strat", Some("start")),
            ("prun", Some("prune")),
            ("rum", Some("run")),
            ("statu", Some("status")),
            ("list2", None),
            ("frobnicate", None),
            ("ge", Some("get")),
            ("gt", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(closest(word, words), expected, "{word}");
        }
        let short = ["rm", "ls", "db", "y"];
        for (word, expected) in [
            ("mr", Some("rm")),
            ("sl", Some("ls")),
            ("bd", Some("db")),
            ("RM", Some("rm")),
            ("fm", None),
            ("rn", None),
            ("rmm", None),
            ("x", None),
            ("r", None),
        ] {
            assert_eq!(closest(word, short), expected, "{word}");
        }
        assert_eq!(closest(&"a".repeat(1 << 20), words), None);
    }
}
