//! The names of users, from `/etc/passwd`. Those of directory services are not in it.

use std::fs;

use super::visible::visible;

/// The word for all users, in place of one or several.
pub const ALL: &str = "all";

/// The number by which the system's calls mean no user.
const NO_USER: u32 = u32::MAX;

/// Returns the text of the file. It is empty if it cannot be read.
pub fn read() -> String {
    let text = fs::read("/etc/passwd").unwrap_or_default();
    String::from_utf8_lossy(&text).into_owned()
}

/// Returns the id of a user, who is given by its number, or by its name in the text of the file.
pub fn find(user: &str, passwd: &str) -> Option<u32> {
    if is_number(user) {
        user.parse().ok().filter(|id| *id != NO_USER)
    } else {
        users(passwd).find_map(|(name, id)| (name == user).then_some(id))
    }
}

/// Tests if a user is given by a number.
pub(super) fn is_number(user: &str) -> bool {
    !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the name of a user in the text of the file.
fn name_of(id: u32, passwd: &str) -> Option<&str> {
    users(passwd).find_map(|(user, it)| (it == id).then_some(user))
}

/// Describes a user by its id and, if it has one, its name. Reads the file.
pub fn describe(id: u32) -> String {
    match name_of(id, &read()) {
        Some(name) => format!("user {id} ({})", visible(name)),
        None => format!("user {id}"),
    }
}

/// Returns the names and the ids (`passwd(5)`).
fn users(passwd: &str) -> impl Iterator<Item = (&str, u32)> {
    passwd.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        Some((name, fields.nth(1)?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::{find, name_of};

    #[test]
    fn a_line_names_a_user_and_its_id() {
        let passwd =
            "root:x:0:0::/:/bin/sh\n# comment\n+::::::\n\nbob:x:1001\nbroken:x\nodd:x:y:1\n";
        assert_eq!(find("root", passwd), Some(0));
        assert_eq!(name_of(1001, passwd), Some("bob"));
        for name in ["", "x", "+", "broken", "odd"] {
            assert_eq!(find(name, passwd), None, "{name}");
        }
        assert_eq!(name_of(2, passwd), None);
    }

    #[test]
    fn a_number_is_a_user_without_a_line_unless_it_means_none() {
        assert_eq!(find("1002", ""), Some(1002));
        for number in ["4294967295", "4294967296", "-1", "+1"] {
            assert_eq!(find(number, ""), None, "{number}");
        }
    }
}
