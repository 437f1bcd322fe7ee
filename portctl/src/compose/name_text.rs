//! The texts that Compose allows as names of projects.

use std::path::Path;

/// The longest part of a name that an instance makes.
const MAX_PART_LEN: usize = 40;

/// Tests if Compose allows a name: lower case letters, digits, `_` and `-`, of which the last two do not begin it.
pub(crate) fn is_project_name(name: &str) -> bool {
    !name.is_empty() && normalized(name) == name
}

/// Returns the name that Compose gives the project of a folder. It may be empty.
pub(crate) fn name_of_folder(folder: &Path) -> String {
    normalized(&folder.file_name().unwrap_or_default().to_string_lossy())
}

/// Changes a text to a name as Compose does with the name of a folder. It may be empty.
fn normalized(text: &str) -> String {
    let mut name = text.to_lowercase();
    name.retain(is_allowed);
    name.trim_start_matches(['_', '-']).to_owned()
}

/// Changes an instance to a part of a name. It may be empty.
pub(crate) fn part_of(instance: &str) -> String {
    let text = instance.to_lowercase();
    let words = text.split(|it| !is_allowed(it));
    let words: Vec<&str> = words.filter(|it| !it.is_empty()).collect();
    let mut part = words.join("-");
    part.truncate(MAX_PART_LEN);
    part.trim_matches(['_', '-']).to_owned()
}

fn is_allowed(it: char) -> bool {
    it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_' || it == '-'
}

#[cfg(test)]
mod tests {
    use super::{is_project_name, normalized, part_of};

    #[test]
    fn names_of_folders_are_changed_as_compose_does() {
        for (folder, name) in [
            ("shop", "shop"),
            ("My Shop", "myshop"),
            ("_-shop.v2", "shopv2"),
            ("a_b-c", "a_b-c"),
            ("1st", "1st"),
            ("\u{dc}ber", "ber"),
            ("\u{5e97}", ""),
            ("", ""),
        ] {
            assert_eq!(normalized(folder), name, "{folder}");
            assert_eq!(is_project_name(folder), folder == name && !name.is_empty());
        }
    }

    #[test]
    fn words_of_an_instance_stay_apart() {
        let long = "x".repeat(39) + "-yz";
        for (instance, part) in [
            ("cart", "cart"),
            ("feat/Login  page", "feat-login-page"),
            ("main-5dca", "main-5dca"),
            ("-_a_-", "a"),
            ("../..", ""),
            ("\u{5e97}/a", "a"),
            (&long, &long[..39]),
            ("", ""),
        ] {
            assert_eq!(part_of(instance), part, "{instance}");
        }
    }
}
