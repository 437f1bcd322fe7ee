//! The users that the daemon serves.

use std::collections::BTreeSet;
use std::str::FromStr;

use thiserror::Error;

use super::passwd::{self, ALL};

/// The users that the daemon serves, besides its own user and root. By default there are no others.
///
/// ```
/// # use port_registry::daemon::AllowedUsers;
///
/// # #[cfg(target_os = "linux")]
/// let users: AllowedUsers = "root,1001".parse()?;
/// let users: AllowedUsers = "all".parse()?;
/// # Ok::<(), port_registry::daemon::AllowedUsersError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedUsers(Users);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Users {
    All,
    These(BTreeSet<u32>),
}

/// The error for a list that names no users.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AllowedUsersError {
    /// A name that is not in `/etc/passwd`.
    #[error("there is no user {0:?} in /etc/passwd; give the number of the user")]
    UnknownName(String),
    /// A number that no user can have.
    #[error("no user can have the number {0}; `id -u NAME` prints that of a user")]
    NotAUser(String),
    /// The list or one of its parts is empty.
    #[error("the users are names or numbers separated by commas, or `all`")]
    Malformed,
    /// This system does not tell the daemon the user of a connection.
    #[error("this system does not tell the users of connections; only `all` is possible")]
    Unsupported,
}

impl AllowedUsers {
    /// Allows every user.
    pub fn all() -> AllowedUsers {
        AllowedUsers(Users::All)
    }

    /// Returns true if every user is served.
    pub fn are_all(&self) -> bool {
        self.0 == Users::All
    }

    /// Returns the list that [`from_str`](Self::from_str) takes, or `None` if it is empty. It has numbers in place of names.
    pub fn list(&self) -> Option<String> {
        match &self.0 {
            Users::All => Some(ALL.to_owned()),
            Users::These(users) => {
                let ids: Vec<String> = users.iter().map(u32::to_string).collect();
                (!ids.is_empty()).then(|| ids.join(","))
            }
        }
    }

    /// Returns true if the list names this user. The daemon's own user and root need not be in it.
    pub fn contains(&self, user: u32) -> bool {
        match &self.0 {
            Users::All => true,
            Users::These(users) => users.contains(&user),
        }
    }

    fn parse(text: &str, passwd: &str) -> Result<AllowedUsers, AllowedUsersError> {
        if text.trim() == ALL {
            return Ok(AllowedUsers::all());
        }
        let users = text.split(',').map(|user| parse_user(user.trim(), passwd));
        let users = users.collect::<Result<_, _>>()?;
        if !cfg!(target_os = "linux") {
            return Err(AllowedUsersError::Unsupported);
        }
        Ok(AllowedUsers(Users::These(users)))
    }
}

/// Returns the number of a user in a list of several.
fn parse_user(user: &str, passwd: &str) -> Result<u32, AllowedUsersError> {
    if user.is_empty() || user == ALL {
        return Err(AllowedUsersError::Malformed);
    }
    passwd::find(user, passwd).ok_or_else(|| {
        let user = user.to_owned();
        if passwd::is_number(&user) {
            AllowedUsersError::NotAUser(user)
        } else {
            AllowedUsersError::UnknownName(user)
        }
    })
}

impl Default for AllowedUsers {
    fn default() -> AllowedUsers {
        AllowedUsers(Users::These(BTreeSet::new()))
    }
}

impl FromStr for AllowedUsers {
    type Err = AllowedUsersError;

    fn from_str(text: &str) -> Result<AllowedUsers, AllowedUsersError> {
        AllowedUsers::parse(text, &passwd::read())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{AllowedUsers, AllowedUsersError};

    const PASSWD: &str =
        "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\nall:x:7:7::/:\n";

    #[test]
    fn users_are_given_by_name_and_by_number() {
        let users = AllowedUsers::parse("alice,1001", PASSWD).unwrap();
        let contains = [0, 7, 1000, 1001].map(|it| users.contains(it));
        assert_eq!(contains, [false, false, true, true]);
        assert!(!users.are_all());
        assert!(AllowedUsers::parse("all", PASSWD).unwrap().contains(4711));
        assert!(!AllowedUsers::default().contains(0));
    }

    #[test]
    fn the_list_of_users_names_the_same_users() {
        for (text, list) in [("alice,1001", "1000,1001"), ("all", "all")] {
            let users = AllowedUsers::parse(text, PASSWD).unwrap();
            assert_eq!(users.list().as_deref(), Some(list));
            assert_eq!(AllowedUsers::parse(list, ""), Ok(users));
        }
        assert_eq!(AllowedUsers::default().list(), None);
    }

    #[test]
    fn a_list_does_not_depend_on_spaces_order_and_repetition() {
        let users = AllowedUsers::parse("alice,1001", PASSWD).unwrap();
        for text in [" alice , 1001 ", "1001,alice", "1001,1000,alice,01001"] {
            assert_eq!(AllowedUsers::parse(text, PASSWD).as_ref(), Ok(&users));
        }
        assert!(AllowedUsers::parse(" all ", PASSWD).unwrap().are_all());
    }

    #[test]
    fn unknown_names_and_empty_parts_are_refused() {
        let unknown = |name: &str| Err(AllowedUsersError::UnknownName(name.to_owned()));
        for name in ["bob", "-1", "+1", "ALL", "1x", "alice alice"] {
            assert_eq!(AllowedUsers::parse(name, PASSWD), unknown(name));
        }
        for text in [
            "",
            " ",
            ",",
            "alice,",
            ",alice",
            "alice, ,1001",
            "all,alice",
        ] {
            let malformed = AllowedUsersError::Malformed;
            assert_eq!(AllowedUsers::parse(text, PASSWD), Err(malformed), "{text}");
        }
    }

    #[test]
    fn the_number_that_stands_for_no_user_is_refused() {
        for text in ["4294967295", "4294967296"] {
            let refused = AllowedUsersError::NotAUser(text.to_owned());
            assert_eq!(AllowedUsers::parse(text, ""), Err(refused));
        }
        assert!(AllowedUsers::parse("4294967294", "").is_ok());
    }
}
