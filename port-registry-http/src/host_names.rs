//! The host names of the daemon.

/// The names for this machine that its programs use.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// The names for the machine of a container, in Docker and in Podman.
const OF_CONTAINERS: [&str; 2] = ["host.docker.internal", "host.containers.internal"];

/// The host names under which the daemon answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostNames {
    /// The names of the loopback addresses.
    #[default]
    Loopback,
    /// Also `host.docker.internal` and `host.containers.internal`, by which programs in containers name the machine.
    ///
    /// The daemon listens on no further address. Whoever answers DNS queries of this machine can lead a browser from a
    /// page of such a name to the daemon. The page can then read the allocations, but not change them.
    LoopbackAndContainers,
}

impl HostNames {
    /// Returns the names, in lower case.
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        let of_containers = match self {
            HostNames::Loopback => &[][..],
            HostNames::LoopbackAndContainers => &OF_CONTAINERS,
        };
        LOOPBACK.iter().chain(of_containers).copied()
    }
}
