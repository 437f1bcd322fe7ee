//! The names of users, from `/etc/passwd`. Those of directory services are not in it.

use std::fs;

use super::visible::visible;

/// Returns the text of the file. It is empty if it cannot be read.
pub fn read() -> String {
    let text = fs::read("/etc/passwd").unwrap_or_default();
    String::from_utf8_lossy(&text).into_owned()
}

/// Returns the id of a user in the text of the file.
pub fn id_of(name: &str, passwd: &str) -> Option<u32> {
    users(passwd).find_map(|(user, id)| (user == name).then_some(id))
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
    use super::{id_of, name_of};

    #[test]
    fn a_line_names_a_user_and_its_id() {
        let passwd =
            "root:x:0:0::/:/bin/sh\n# comment\n+::::::\n\nbob:x:1001\nbroken:x\nodd:x:y:1\n";
        assert_eq!(id_of("root", passwd), Some(0));
        assert_eq!(name_of(1001, passwd), Some("bob"));
        for name in ["", "x", "+", "broken", "odd"] {
            assert_eq!(id_of(name, passwd), None, "{name}");
        }
        assert_eq!(name_of(2, passwd), None);
    }
}
