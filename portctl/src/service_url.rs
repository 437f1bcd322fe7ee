//! The URLs of services.

use port_registry::Allocation;
use port_registry::daemon::fnv_hash;

/// The longest label of a host name (RFC 1035, section 2.3.4).
const MAX_LABEL: usize = 63;
/// Hexadecimal digits of the hash that tells shortened names apart.
const MARK_LENGTH: usize = 4;

/// A kind of host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostName {
    /// `localhost`, whose cookies all services share.
    Shared,
    /// A name below `localhost` that only this service of this checkout has (RFC 6761, section 6.3).
    Site,
}

impl HostName {
    /// The URL of a service, without a path.
    pub(crate) fn url_of(self, allocation: &Allocation) -> String {
        let (key, port) = (&allocation.key, allocation.port);
        match self {
            HostName::Shared => port.url(),
            HostName::Site => {
                let [service, instance, app] =
                    [key.service(), key.instance(), key.app()].map(label);
                format!("http://{service}.{instance}.{app}.localhost:{port}")
            }
        }
    }
}

/// Makes a valid label of a host name. A name of which letters are lost gets a mark, so that names do not become equal.
fn label(name: &str) -> String {
    let mut label = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            label.push(c.to_ascii_lowercase());
        // Two hyphens in a row could make a label of another encoding, as in `xn--`.
        } else if !label.is_empty() && !label.ends_with('-') {
            label.push('-');
        }
    }
    let kept = label.trim_end_matches('-');
    if name.is_ascii() && !kept.is_empty() && kept.len() <= MAX_LABEL {
        return kept.to_owned();
    }
    let mark = format!("{:016x}", fnv_hash(name.as_bytes()).swap_bytes());
    let mark = &mark[..MARK_LENGTH];
    let kept = &kept[..kept.len().min(MAX_LABEL - MARK_LENGTH - 1)];
    match kept.trim_end_matches('-') {
        "" => mark.to_owned(),
        kept => format!("{kept}-{mark}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MAX_LABEL, label};

    #[test]
    fn labels_keep_what_host_names_allow() {
        for (name, expected) in [
            ("web", "web"),
            ("Web_API", "web-api"),
            ("feature/new--login", "feature-new-login"),
            ("--v1.2--", "v1-2"),
            ("xn--a", "xn-a"),
        ] {
            assert_eq!(label(name), expected);
        }
    }

    #[test]
    fn names_that_lose_letters_stay_different() {
        let long = "x".repeat(MAX_LABEL + 1);
        for (one, other) in [
            ("caf\u{e9}", "caf\u{e8}"),
            ("\u{65e5}\u{672c}", "\u{4e2d}\u{56fd}"),
            ("-", "_"),
            (&*long, &format!("{long}x")),
        ] {
            assert_ne!(label(one), label(other), "{one} {other}");
        }
        assert!(label("caf\u{e9}").starts_with("caf-"));
        assert_eq!(label(&long).len(), MAX_LABEL);
    }

    proptest! {
        #[test]
        fn every_label_is_valid(name in "\\PC{1,255}") {
            let label = label(&name);
            prop_assert!((1..=MAX_LABEL).contains(&label.len()));
            prop_assert!(label.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-'));
            prop_assert!(!label.starts_with('-') && !label.ends_with('-') && !label.contains("--"));
        }
    }
}
