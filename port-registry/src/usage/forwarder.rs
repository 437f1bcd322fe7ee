//! Programs that forward ports.

/// The beginnings of the names of programs that forward ports to containers, virtual machines and other hosts.
const FORWARDERS: [&str; 17] = [
    "docker-proxy",
    "dockerd",
    "com.docker",
    "containerd",
    "rootlessport",
    "rootlesskit",
    "slirp4netns",
    "pasta",
    "passt",
    "podman",
    "conmon",
    "gvproxy",
    "vpnkit",
    "orbstack",
    "colima",
    "limactl",
    "wslrelay",
];

/// Tests if a program forwards ports, so that its folder tells nothing about the server behind it. ssh does so for `-L`,
/// and for colima and lima.
pub(crate) fn is_forwarder(program: &str) -> bool {
    let name = program.to_lowercase();
    name == "ssh" || FORWARDERS.iter().any(|it| name.starts_with(it))
}

#[cfg(test)]
mod tests {
    use super::is_forwarder;

    #[test]
    fn forwarders_are_recognized_by_name() {
        for name in [
            "docker-proxy",
            "rootlessport",
            "com.docker.backend",
            "containerd-shim",
            "pasta.avx2",
            "OrbStack Helper",
            "ssh",
            "gvproxy",
        ] {
            assert!(is_forwarder(name), "{name}");
        }
        for name in ["node", "postgres", "sshd", "docker", "python3", ""] {
            assert!(!is_forwarder(name), "{name}");
        }
    }
}
