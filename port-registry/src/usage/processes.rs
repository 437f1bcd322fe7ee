//! Facts about processes, from proc(5) on Linux.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The end of the path of a file or folder that was removed, or of one that has such a name.
const REMOVED: &[u8] = b" (deleted)";

/// The number of processes that the search for the ancestors of a process goes through.
const MAX_ANCESTORS: usize = 32;

/// The working folder of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WorkingFolder {
    Existing(PathBuf),
    /// The folder was removed. This is the path that it had.
    Removed(PathBuf),
}

/// Finds the processes that have sockets open, by the inodes of the sockets. Processes that this user may not inspect are
/// missing.
pub(super) fn holders(inodes: &BTreeSet<u64>) -> HashMap<u64, BTreeSet<u32>> {
    let mut holders: HashMap<u64, BTreeSet<u32>> = HashMap::new();
    if inodes.is_empty() {
        return holders;
    }
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|it| it.parse().ok()) else {
            continue;
        };
        let files = fs::read_dir(process.path().join("fd"));
        for file in files.into_iter().flatten().flatten() {
            let inode = fs::read_link(file.path()).ok().and_then(|it| socket(&it));
            if let Some(inode) = inode.filter(|it| inodes.contains(it)) {
                holders.entry(inode).or_default().insert(pid);
            }
        }
    }
    holders
}

/// Returns the inode of a socket, from the link to it: `socket:[4711]`.
fn socket(link: &Path) -> Option<u64> {
    let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
    inode.parse().ok()
}

/// Returns the name of the executable of a process. A thread cannot change it, unlike the name that the kernel shows.
pub(super) fn executable(pid: u32) -> Option<String> {
    let path = fs::read_link(format!("/proc/{pid}/exe")).ok();
    let name = path.as_deref().and_then(Path::file_name).map(|name| {
        let name = name.as_bytes();
        name.strip_suffix(REMOVED).unwrap_or(name).to_owned()
    });
    // The kernel shows this name for all users.
    let name = name.or_else(|| fs::read(format!("/proc/{pid}/comm")).ok())?;
    let name = String::from_utf8_lossy(&name);
    let name = name.trim_end_matches('\n');
    (!name.is_empty()).then(|| name.to_owned())
}

/// Returns the working folder of a process.
///
/// Returns `None` if the system does not show it, and for a process in a container, whose paths mean other folders.
pub(super) fn working_folder(pid: u32) -> Option<WorkingFolder> {
    let link = |process: &str, name: &str| fs::read_link(format!("/proc/{process}/{name}")).ok();
    let process = pid.to_string();
    let folder = link(&process, "cwd").filter(|it| it.is_absolute())?;
    let is_contained = ["ns/mnt", "root"]
        .iter()
        .any(|view| link(&process, view) != link("self", view));
    if is_contained {
        return None;
    }
    // Do not examine the path, because its file system may not respond.
    Some(match folder.as_os_str().as_bytes().strip_suffix(REMOVED) {
        Some(path) => WorkingFolder::Removed(OsString::from_vec(path.to_owned()).into()),
        None => WorkingFolder::Existing(folder),
    })
}

/// Returns a variable of the environment that a process was started with.
pub(super) fn variable(pid: u32, name: &str) -> Option<OsString> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut variables = environment.split(|byte| *byte == 0);
    let value = variables.find_map(|it| it.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    Some(OsString::from_vec(value.to_owned()))
}

/// Returns the real user of a process, who chose its folder and its environment, even if it has the rights of another
/// one.
pub(super) fn user(pid: u32) -> Option<u32> {
    let status = fs::read(format!("/proc/{pid}/status")).ok()?;
    // The process chooses its name in there, which may be no UTF-8.
    parse_user(&String::from_utf8_lossy(&status))
}

fn parse_user(status: &str) -> Option<u32> {
    let users = status.lines().find_map(|it| it.strip_prefix("Uid:"))?;
    users.split_ascii_whitespace().next()?.parse().ok()
}

/// Returns the id of the container that a process is in, from the name of its control group.
pub(super) fn container_id(pid: u32) -> Option<String> {
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    groups.lines().find_map(container_of_group)
}

/// Parses a line such as `0::/system.slice/docker-<id>.scope` or `4:memory:/docker/<id>`. All container engines name
/// groups by the 64 hexadecimal digits of the container's id.
fn container_of_group(line: &str) -> Option<String> {
    let words = line.split(|c: char| !c.is_ascii_alphanumeric());
    let mut ids = words.filter(|it| it.len() == 64 && it.bytes().all(|it| it.is_ascii_hexdigit()));
    ids.next_back().map(str::to_owned)
}

/// Returns the processes that a process descends from, the nearest first, as far as they are in its session. Those of
/// another session, such as a terminal multiplexer, only happen to have started it.
pub(super) fn ancestors(pid: u32) -> Vec<u32> {
    let mut ancestors = Vec::new();
    let Some((mut parent, session)) = parent_and_session(pid) else {
        return ancestors;
    };
    while parent > 1 && ancestors.len() < MAX_ANCESTORS {
        match parent_and_session(parent) {
            Some((next, of_session)) if of_session == session => {
                ancestors.push(parent);
                parent = next;
            }
            _ => break,
        }
    }
    ancestors
}

fn parent_and_session(pid: u32) -> Option<(u32, u32)> {
    parse_parent_and_session(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Parses the line of a process. Its name is in parentheses, and may contain any character.
fn parse_parent_and_session(stat: &str) -> Option<(u32, u32)> {
    let (_, columns) = stat.rsplit_once(')')?;
    let mut columns = columns.split_ascii_whitespace();
    let parent = columns.nth(1)?.parse().ok()?;
    let session = columns.nth(1)?.parse().ok()?;
    Some((parent, session))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{container_of_group, parse_parent_and_session, parse_user, socket};

    #[test]
    fn a_link_to_a_socket_has_its_inode() {
        assert_eq!(socket(Path::new("socket:[4711]")), Some(4711));
        for other in [
            "pipe:[4711]",
            "/tmp/socket:[4711]",
            "socket:[]",
            "socket:4711",
        ] {
            assert_eq!(socket(Path::new(other)), None, "{other}");
        }
    }

    #[test]
    fn the_parent_and_the_session_follow_the_name() {
        let stat = "4711 (a b) (c) S 4242 4700 4600 34816 4711 4194304 1 0";
        assert_eq!(parse_parent_and_session(stat), Some((4242, 4600)));
        for odd in ["", "4711 (a", "4711 (a) S 1", "4711 (a) S x y z"] {
            assert_eq!(parse_parent_and_session(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn the_first_user_is_the_real_one() {
        let status = "Name:\tUid:\t7\nUmask:\t0022\nUid:\t1000\t0\t0\t0\nGid:\t1\t1\t1\t1\n";
        assert_eq!(parse_user(status), Some(1000));
        for odd in ["", "Uid:", "Uid:\tx", "Name:\tUid:\t7"] {
            assert_eq!(parse_user(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn the_group_of_a_container_has_its_id() {
        let id = "0123456789abcdef".repeat(4);
        for group in [
            format!("0::/system.slice/docker-{id}.scope"),
            format!("4:memory:/docker/{id}"),
            format!("0::/user.slice/user-1000.slice/libpod-{id}.scope/container"),
        ] {
            assert_eq!(container_of_group(&group), Some(id.clone()), "{group}");
        }
        for group in ["0::/", "0::/user.slice/user-1000.slice/session-2.scope"] {
            assert_eq!(container_of_group(group), None, "{group}");
        }
    }
}
