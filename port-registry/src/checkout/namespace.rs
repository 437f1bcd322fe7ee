//! Telling if this process sees the files of the system or those of a container.

use std::path::Path;
use std::{env, fs};

/// The first mount namespace, in kernels that number it (Linux 6.18 and later; `MNT_NS_INIT_INO`).
const FIRST_MOUNT_NAMESPACE: &str = "mnt:[4026531832]";

/// The first process namespace (`PROC_PID_INIT_INO`). The number is part of the kernel's interface.
const FIRST_PROCESS_NAMESPACE: &str = "pid:[4026531836]";

/// Files that container programs create at the root.
const MARKERS: [&str; 3] = ["/.dockerenv", "/run/.containerenv", "/.flatpak-info"];

/// The facts by which a container is told from the system. A text is empty if the system does not tell.
#[derive(Debug, Default)]
pub(super) struct NamespaceFacts {
    /// `/proc/self/ns/mnt` and `/proc/1/ns/mnt`.
    mounts: String,
    mounts_of_first_process: String,
    /// `/proc/self/ns/pid`.
    processes: String,
    /// `/proc/self/uid_map`, `/proc/self/cgroup`, `/proc/self/mountinfo`.
    uid_map: String,
    cgroup: String,
    mountinfo: String,
    /// `/proc/sys/kernel/osrelease`.
    kernel: String,
    /// A [marker](MARKERS) exists, or a container program has set the variable `container`.
    is_marked: bool,
}

impl NamespaceFacts {
    pub(super) fn of_process() -> NamespaceFacts {
        let link = |path: &str| {
            let target = fs::read_link(path).unwrap_or_default();
            target.to_string_lossy().into_owned()
        };
        let text = |path: &str| {
            let bytes = fs::read(path).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let first_environment = text("/proc/1/environ");
        let mut variables = first_environment.split('\0');
        NamespaceFacts {
            mounts: link("/proc/self/ns/mnt"),
            mounts_of_first_process: link("/proc/1/ns/mnt"),
            processes: link("/proc/self/ns/pid"),
            uid_map: text("/proc/self/uid_map"),
            cgroup: text("/proc/self/cgroup"),
            mountinfo: text("/proc/self/mountinfo"),
            kernel: text("/proc/sys/kernel/osrelease"),
            is_marked: MARKERS.iter().any(|path| Path::new(path).exists())
                || env::var_os("container").is_some()
                || variables.any(|it| it.starts_with("container=")),
        }
    }

    /// Tests if the process is in another mount namespace than the system's first process, as in a container.
    ///
    /// The namespaces themselves decide where they can be read. Otherwise each sign of a container counts.
    pub(super) fn is_contained(&self) -> bool {
        // Images of containers also run as virtual machines, and keep their markers there.
        if self.mounts == FIRST_MOUNT_NAMESPACE {
            return false;
        }
        let is_first = self.processes == FIRST_PROCESS_NAMESPACE;
        if !self.mounts.is_empty() && !self.mounts_of_first_process.is_empty() {
            let is_other = self.mounts != self.mounts_of_first_process;
            // In a process namespace of its own, process 1 is the container's.
            if is_other || is_first {
                return is_other;
            }
        }
        // WSL runs each distribution in namespaces of its own, but that is the user's system.
        let is_wsl = self.kernel.to_ascii_lowercase().contains("microsoft");
        self.is_marked
            || self.has_mapped_users()
            || self.has_group_of_container()
            || self.has_root_of_container()
            || !(self.processes.is_empty() || is_first || is_wsl)
    }

    /// Tests for a user namespace: containers without root privileges, bubblewrap.
    fn has_mapped_users(&self) -> bool {
        let mut numbers = self.uid_map.split_ascii_whitespace();
        !self.uid_map.is_empty() && !numbers.by_ref().eq(["0", "0", "4294967295"])
    }

    /// Tests for a control group of a container. A service such as `docker.service` is none.
    fn has_group_of_container(&self) -> bool {
        let is_container = |part: &str| {
            let programs = ["docker-", "libpod-", "cri-containerd-", "crio-", "nerdctl-"];
            ["docker", "lxc", "libpod_parent"].contains(&part)
                || part.starts_with("kubepods")
                || part.starts_with("lxc.payload")
                || part
                    .strip_suffix(".scope")
                    .is_some_and(|name| programs.iter().any(|program| name.starts_with(program)))
        };
        let paths = self.cgroup.lines().filter_map(|line| line.rsplit_once(':'));
        paths
            .flat_map(|(_, path)| path.split('/'))
            .any(is_container)
    }

    /// Tests if the root is in a container program's storage. The system itself mounts this elsewhere.
    fn has_root_of_container(&self) -> bool {
        let programs = [
            "docker",
            "containerd",
            "kubelet",
            "containers/storage",
            "lxc",
        ];
        let mut roots = self.mountinfo.lines().filter(|line| {
            let point = line.split(' ').nth(4);
            point == Some("/")
        });
        roots.any(|line| programs.iter().any(|program| line.contains(program)))
    }
}

#[cfg(test)]
mod tests {
    use super::{FIRST_MOUNT_NAMESPACE, FIRST_PROCESS_NAMESPACE, NamespaceFacts};

    const IDENTITY: &str = "         0          0 4294967295\n";

    /// A process of a user without privileges, who may not look at process 1.
    fn user() -> NamespaceFacts {
        NamespaceFacts {
            mounts: "mnt:[4026531841]".to_owned(),
            processes: FIRST_PROCESS_NAMESPACE.to_owned(),
            uid_map: IDENTITY.to_owned(),
            cgroup: "0::/user.slice/user-1000.slice/docker.service\n".to_owned(),
            mountinfo: "27 1 254:0 / / rw - ext4 /dev/vda rw\n\
                        90 27 0:50 / /var/lib/docker/overlay2/1/merged rw - overlay overlay rw\n"
                .to_owned(),
            kernel: "6.1.0-18-amd64\n".to_owned(),
            ..NamespaceFacts::default()
        }
    }

    #[test]
    fn system_without_signs_is_no_container() {
        assert!(!NamespaceFacts::default().is_contained());
        assert!(!user().is_contained());
        let mut wsl = user();
        wsl.processes = "pid:[4026532255]".to_owned();
        assert!(wsl.is_contained());
        wsl.kernel = "5.15.153.1-microsoft-standard-WSL2".to_owned();
        assert!(!wsl.is_contained());
    }

    #[test]
    fn each_sign_tells_a_container() {
        let check = |change: fn(&mut NamespaceFacts)| {
            let mut facts = user();
            change(&mut facts);
            assert!(facts.is_contained(), "{facts:?}");
        };
        check(|it| it.is_marked = true);
        check(|it| it.uid_map = "0 1000 1\n1 100000 65536\n".to_owned());
        check(|it| it.uid_map = "1000 1000 1\n".to_owned());
        check(|it| it.processes = "pid:[4026532255]".to_owned());
        check(|it| it.mounts_of_first_process = "mnt:[4026531840]".to_owned());
        for group in [
            "4:memory:/docker/0123\n",
            "0::/system.slice/docker-0123.scope\n",
            "0::/user.slice/libpod-0123.scope/container\n",
            "1:cpu:/kubepods/besteffort/pod1\n",
            "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope\n",
            "0::/lxc.payload.box/user.slice\n",
        ] {
            let mut facts = user();
            group.clone_into(&mut facts.cgroup);
            assert!(facts.is_contained(), "{group}");
        }
        check(|it| {
            it.mountinfo =
                "9 8 0:50 / / rw - overlay overlay rw,upperdir=/var/lib/docker/overlay2/1\n"
                    .to_owned();
        });
    }

    #[test]
    fn namespaces_that_can_be_read_decide() {
        let mut facts = user();
        facts.is_marked = true;
        facts.mounts_of_first_process.clone_from(&facts.mounts);
        assert!(!facts.is_contained());
        // Process 1 is the container's own.
        facts.processes = "pid:[4026532255]".to_owned();
        assert!(facts.is_contained());
        FIRST_MOUNT_NAMESPACE.clone_into(&mut facts.mounts);
        assert!(!facts.is_contained());
    }
}
