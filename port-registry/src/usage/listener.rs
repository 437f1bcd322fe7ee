//! Listeners: the processes that have ports open.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use super::checkout_evidence::CheckoutEvidence;
use super::forwarder::is_forwarder;
use crate::checkout::compare::{self, CheckoutMatch};
use crate::system::user;

/// The environment variable by which `portctl run` tells its command which checkout it belongs to.
pub const CHECKOUT_VARIABLE: &str = "PORT_REGISTRY_CHECKOUT";

/// The name of the daemon's executable.
pub(crate) const DAEMON_PROGRAM: &str = "port-registry";

/// The number of processes that a description names. The others are counted.
const MAX_NAMED: usize = 3;

/// The process that has a port open on this machine.
///
/// The fields are set only with the feature `listeners`, and only if the system shows the process to this user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct Listener {
    /// The addresses on which it listens, or none if it does not listen or the system does not tell.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub addresses: Vec<IpAddr>,
    /// The number of the process.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub pid: Option<u32>,
    /// The name of its executable.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub process: Option<String>,
    /// The user that it belongs to, if nothing else is known, or if it is another user's process whose claim to a checkout
    /// does not count. Only Linux tells.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub uid: Option<u32>,
    /// Its working folder. Only Linux tells, and not for processes in containers, whose paths mean other folders. In JSON,
    /// `U+FFFD` replaces what is not UTF-8 in the path.
    #[cfg_attr(
        feature = "serde",
        serde(
            skip_serializing_if = "Option::is_none",
            serialize_with = "serialize_lossy"
        )
    )]
    pub dir: Option<PathBuf>,
    /// The root of the checkout that it belongs to, as [`belongs_to`](Self::belongs_to) describes. It is unknown if its path
    /// is not UTF-8, because no allocation can record it.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub checkout: Option<PathBuf>,
    /// The evidence that names the checkout, even one whose path is not UTF-8.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub checkout_by: Option<CheckoutEvidence>,
    /// The name of the container that it is in or forwards to, or the beginning of the container's id.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub container: Option<String>,
    /// The other processes that have the port open, such as one on another address. A process that only inherited the
    /// socket is not listed.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub others: Vec<Listener>,
}

/// Serializes a path as text, because `serde` refuses one that is not UTF-8.
#[cfg(feature = "serde")]
#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn serialize_lossy<S: serde::Serializer>(
    path: &Option<PathBuf>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let text = path.as_deref().map(Path::to_string_lossy);
    serde::Serialize::serialize(&text, serializer)
}

impl Listener {
    /// Tests if the processes belong to the checkout with this root. Returns `None` if that is unknown, as
    /// [`unknown_because`](Self::unknown_because) tells.
    ///
    /// The first of these that names a checkout decides, for each process:
    ///
    /// 1. the variable `PORT_REGISTRY_CHECKOUT` in its environment, which `portctl run` sets, if it is the path of a checkout or
    ///    of a folder in one
    /// 2. the label `com.docker.compose.project.working_dir` of its container, or of the container that it forwards
    ///    to
    /// 3. its folder, and then the folders of the processes that it descends from, within its session (setsid(2))
    ///
    /// If root asks, the variable and the folder of another user's process count only if the checkout belongs to that user,
    /// but the folder of root's own process that has started it counts.
    ///
    /// The daemon belongs to no checkout.
    ///
    /// Returns `false` if one of the processes belongs to another checkout, and `true` only if each belongs to this one,
    /// because connections may reach any of them. A process that clients of `localhost` do not reach does not count beside one
    /// that they may reach.
    pub fn belongs_to(&self, root: &Path) -> Option<bool> {
        if self.other_checkout(root).is_some() {
            return Some(false);
        }
        self.reached()
            .all(|it| it.checkout.is_some() || it.is_at(root))
            .then_some(true)
    }

    /// Tests if the process runs in the root of a checkout. The evidence names a folder outside of git only once it has
    /// allocations, so this compares the folder itself.
    fn is_at(&self, root: &Path) -> bool {
        let is_forwarder = self.process.as_deref().is_some_and(is_forwarder);
        let may_speak =
            !is_forwarder && !self.is_daemon() && self.uid.is_none() && self.checkout_by.is_none();
        // JSON has another path for one that is not UTF-8.
        let dir = self.dir.as_deref().filter(|it| it.to_str().is_some());
        dir.is_some_and(|dir| may_speak && compare::compare(root, dir) == CheckoutMatch::Same)
    }

    /// Returns a checkout other than the one with this root that one of the processes belongs to.
    pub fn other_checkout(&self, root: &Path) -> Option<&Path> {
        let mut named = self.reached().filter_map(|it| it.checkout.as_deref());
        named.find(|checkout| compare::compare(root, checkout) != CheckoutMatch::Same)
    }

    /// Tells why the checkout of the process is unknown, to follow `because`. If there are several processes, the
    /// reason is that of the first one whose checkout is unknown.
    pub fn unknown_because(&self) -> &'static str {
        let unknown = self.reached().find(|it| it.checkout.is_none());
        unknown.unwrap_or(self).reason()
    }

    /// Tests if the process is port-registry's daemon, by its name.
    #[doc(hidden)]
    pub fn is_daemon(&self) -> bool {
        self.process.as_deref() == Some(DAEMON_PROGRAM)
    }

    /// Tests if the process forwards connections for others, by its name. It may serve a container.
    #[doc(hidden)]
    pub fn is_forwarder(&self) -> bool {
        self.process.as_deref().is_some_and(is_forwarder)
    }

    /// Tests if a client of `localhost` may reach the process, by the addresses on which it listens.
    #[doc(hidden)]
    pub fn may_be_on_localhost(&self) -> bool {
        self.addresses.is_empty() || self.addresses.iter().any(is_localhost)
    }

    /// Returns those of the processes that clients of `localhost` may reach, or else all.
    #[doc(hidden)]
    pub fn reached(&self) -> impl Iterator<Item = &Listener> {
        let is_reached = self.all().any(Listener::may_be_on_localhost);
        self.all()
            .filter(move |it| !is_reached || it.may_be_on_localhost())
    }

    /// Returns the process and the others.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Listener> {
        std::iter::once(self).chain(&self.others)
    }

    fn reason(&self) -> &'static str {
        match (self.pid, self.uid) {
            _ if self.checkout.is_none() && self.checkout_by.is_some() => {
                "the path of its checkout is not UTF-8"
            }
            _ if self.container.is_some() => "its container names no checkout",
            (None, Some(uid)) if user::is_own_id(uid) => "it may not be inspected",
            (_, Some(_)) => "it belongs to another user",
            (None, None) => "the system does not name it",
            (Some(_), _) if self.process.as_deref().is_some_and(is_forwarder) => {
                "it forwards connections"
            }
            (Some(_), _) if self.is_daemon() => "it is port-registry's daemon",
            (Some(_), _) if self.dir.is_some() => "its folder is in no checkout",
            (Some(_), _) => "its folder is unknown",
        }
    }

    fn fmt_one(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let container = self.container.as_ref().map(|it| format!("container {it}"));
        let dir = self.dir.as_ref().map(|it| format!("in {}", it.display()));
        let Some(pid) = self.pid else {
            return match (container, self.uid) {
                (Some(container), _) => f.write_str(&container),
                (None, Some(uid)) if user::is_own_id(uid) => f.write_str("a process of yours"),
                (None, Some(uid)) => write!(f, "another user's process (uid {uid})"),
                (None, None) => f.write_str("an unknown process"),
            };
        };
        let place = container.or(dir);
        match (&self.process, place) {
            (Some(process), Some(place)) => write!(f, "{process} (pid {pid}, {place})"),
            (Some(process), None) => write!(f, "{process} (pid {pid})"),
            (None, Some(place)) => write!(f, "pid {pid} ({place})"),
            (None, None) => write!(f, "pid {pid}"),
        }
    }
}

/// Describes the process, as in `postgres (pid 4711, in /home/me/shop)`, and the others. Escape the text before you show it on a
/// terminal, because names of processes and folders may contain control characters.
impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_one(f)?;
        for other in self.others.iter().take(MAX_NAMED - 1) {
            f.write_str(" and ")?;
            other.fmt_one(f)?;
        }
        match self.others.len().saturating_sub(MAX_NAMED - 1) {
            0 => Ok(()),
            1 => f.write_str(" and 1 other"),
            more => write!(f, " and {more} others"),
        }
    }
}

/// Tests if a client of `localhost` reaches a server that listens on an address.
fn is_localhost(address: &IpAddr) -> bool {
    let address = address.to_canonical();
    let loopbacks = [
        IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::from(Ipv6Addr::LOCALHOST),
    ];
    address.is_unspecified() || loopbacks.contains(&address)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Listener, is_localhost};

    fn process(pid: u32, checkout: Option<&Path>) -> Listener {
        Listener {
            pid: Some(pid),
            checkout: checkout.map(PathBuf::from),
            ..Listener::default()
        }
    }

    #[test]
    fn processes_on_one_port_belong_to_a_checkout_only_together() {
        let folder = tempfile::tempdir().unwrap();
        let (shop, blog) = (folder.path().join("shop"), folder.path().join("blog"));
        std::fs::create_dir(&shop).unwrap();
        std::fs::create_dir(&blog).unwrap();
        let own = || process(2, Some(&shop));
        for (first, other, expected) in [
            (own(), None, Some(true)),
            (own(), Some(own()), Some(true)),
            (own(), Some(process(3, None)), None),
            (process(1, None), Some(own()), None),
            (process(1, None), None, None),
            (own(), Some(process(3, Some(&blog))), Some(false)),
            (process(1, None), Some(process(3, Some(&blog))), Some(false)),
        ] {
            let listener = Listener {
                others: other.into_iter().collect(),
                ..first
            };
            assert_eq!(listener.belongs_to(&shop), expected, "{listener:?}");
        }
    }

    #[test]
    fn the_reason_is_that_of_the_process_whose_checkout_is_unknown() {
        let stranger = Listener {
            uid: Some(u32::MAX),
            ..Listener::default()
        };
        let listener = Listener {
            others: vec![stranger],
            ..process(2, Some(Path::new("/shop")))
        };
        assert_eq!(listener.unknown_because(), "it belongs to another user");
    }

    #[test]
    fn localhost_reaches_its_own_and_the_wildcard_addresses() {
        for (address, expected) in [
            ("127.0.0.1", true),
            ("0.0.0.0", true),
            ("::1", true),
            ("::", true),
            ("::ffff:127.0.0.1", true),
            ("127.0.0.2", false),
            ("192.168.0.7", false),
            ("fe80::1", false),
        ] {
            assert_eq!(
                is_localhost(&address.parse().unwrap()),
                expected,
                "{address}"
            );
        }
    }
}
