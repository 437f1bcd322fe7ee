//! Facts from proc(5) on Linux: the sockets of all users, and the working folders of processes.

use std::fs;
use std::path::PathBuf;

use crate::types::port::Port;

/// The state of a listening socket (`TCP_LISTEN` in the kernel's `include/net/tcp_states.h`).
const LISTEN: &str = "0A";

/// The end of the path of a folder that was removed, or of one that has such a name.
const REMOVED: &[u8] = b" (deleted)";

/// Returns the port and the user of each listening socket.
pub(super) fn listeners() -> Vec<(Port, u32)> {
    let mut found = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let table = fs::read_to_string(table).unwrap_or_default();
        found.extend(table.lines().filter_map(parse_row));
    }
    found
}

/// Parses a row of the table. Returns `None` if it is not about a listening socket. The kernel's
/// `Documentation/networking/proc_net_tcp.rst` explains the columns.
fn parse_row(row: &str) -> Option<(Port, u32)> {
    let mut columns = row.split_ascii_whitespace();
    let (_, port) = columns.nth(1)?.rsplit_once(':')?;
    let port = Port::new(u16::from_str_radix(port, 16).ok()?).ok()?;
    columns.nth(1).filter(|&state| state == LISTEN)?;
    let user = columns.nth(3)?.parse().ok()?;
    Some((port, user))
}

/// Returns the working folder of a process.
///
/// Returns `None` if the system does not show it, if the folder was removed, and for a process in a container, whose
/// paths mean other folders.
pub(super) fn working_folder(pid: u32) -> Option<PathBuf> {
    let link = |process: &str, name: &str| fs::read_link(format!("/proc/{process}/{name}")).ok();
    let process = pid.to_string();
    let folder = link(&process, "cwd").filter(|it| it.is_absolute())?;
    let is_contained = ["ns/mnt", "root"]
        .iter()
        .any(|view| link(&process, view) != link("self", view));
    // The kernel marks removed folders. Do not examine the path, because its file system may not respond.
    let is_removed = folder.as_os_str().as_encoded_bytes().ends_with(REMOVED);
    (!is_contained && !is_removed).then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::parse_row;
    use crate::types::port::Port;

    #[test]
    fn a_row_names_the_port_and_the_user_of_a_listening_socket() {
        let row = "   1: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000  \
                   1000        0 21443 1 0000000000000000 100 0 0 10 0";
        let listener = (Port::new(0x1538).unwrap(), 1000);
        assert_eq!(parse_row(row), Some(listener));
        let row_of_ipv6 = row.replace("0100007F", "00000000000000000000000001000000");
        assert_eq!(parse_row(&row_of_ipv6), Some(listener));
        assert_eq!(parse_row(&row.replace(" 0A ", " 01 ")), None);
        for odd in [
            "",
            "sl local_address",
            "1: :1538 x 0A",
            "1: 1538",
            "1: :0 x 0A x x x 1",
        ] {
            assert_eq!(parse_row(odd), None, "{odd:?}");
        }
    }
}
