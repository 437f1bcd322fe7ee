//! The user whose daemon an address names.

use port_registry::daemon::passwd;

use super::error::AddressError;

/// The user, besides this one and root, whose server is taken for the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerUser {
    Id(u32),
    All,
}

impl ServerUser {
    /// Reads the name or the number of a user, or `all`. `passwd` is the text of `/etc/passwd`.
    pub(super) fn parse(text: &str, passwd: &str) -> Result<ServerUser, AddressError> {
        if text == passwd::ALL {
            return Ok(ServerUser::All);
        }
        let id = passwd::find(text, passwd).ok_or(AddressError::UnknownUser)?;
        Ok(ServerUser::Id(id))
    }
}

#[cfg(test)]
mod tests {
    use super::{AddressError, ServerUser};

    #[test]
    fn a_user_is_given_by_name_or_number() {
        let parse = |text| ServerUser::parse(text, "alice:x:1000:1000::/:\nall:x:7:7::/:\n");
        assert_eq!(parse("alice"), Ok(ServerUser::Id(1000)));
        assert_eq!(parse("1001"), Ok(ServerUser::Id(1001)));
        assert_eq!(parse("all"), Ok(ServerUser::All));
        for text in [
            "",
            "bob",
            "-1",
            "4294967295",
            "4294967296",
            "alice,1001",
            "alice:x",
        ] {
            assert_eq!(parse(text), Err(AddressError::UnknownUser), "{text}");
        }
    }
}
