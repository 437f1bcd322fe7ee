//! The processes of a command, and the sockets that they listen on, as the kernel shows them.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

/// The state of a listening socket in `/proc/net/tcp`.
const LISTENING: &str = "0A";

/// The processes that descend from one command.
#[derive(Debug)]
pub(super) struct Processes {
    /// The process group that the command started in.
    pub(super) group: u32,
    /// An entry of the environment that no other test has. It finds processes that have left the group.
    pub(super) mark: String,
}

impl Processes {
    pub(super) fn ids(&self) -> Vec<u32> {
        let names = fs::read_dir("/proc").unwrap().flatten();
        let ids = names.filter_map(|it| it.file_name().to_str()?.parse().ok());
        ids.filter(|&id| self.contain(id)).collect()
    }

    /// Processes that have ended are not counted, even if their parent has not noticed yet.
    fn contain(&self, id: u32) -> bool {
        let folder = format!("/proc/{id}");
        let Ok(stat) = fs::read_to_string(format!("{folder}/stat")) else {
            return false;
        };
        // The name before may contain anything.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let mut fields = fields.split_ascii_whitespace();
        let (state, group) = (fields.next(), fields.nth(1));
        if state == Some("Z") {
            return false;
        }
        // Servers that change their title, such as Puma, may overwrite their environment.
        group.and_then(|it| it.parse().ok()) == Some(self.group) || self.marks(&folder)
    }

    fn marks(&self, folder: &str) -> bool {
        let environment = fs::read(format!("{folder}/environ")).unwrap_or_default();
        let mut entries = environment.split(|byte| *byte == 0);
        entries.any(|it| it == self.mark.as_bytes())
    }

    /// Addresses that these processes listen on.
    pub(super) fn listening(&self) -> BTreeSet<SocketAddr> {
        let sockets: BTreeSet<String> = self.ids().into_iter().flat_map(sockets_of).collect();
        if sockets.is_empty() {
            return BTreeSet::new();
        }
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
        let tables = tables.map(|it| fs::read_to_string(it).unwrap_or_default());
        let lines = tables.iter().flat_map(|it| it.lines().skip(1));
        lines.filter_map(|it| listener(it, &sockets)).collect()
    }

    /// Sends a signal to every process.
    pub(super) fn signal(&self, name: &str) {
        for id in self.ids() {
            let id = id.to_string();
            // One that has ended meanwhile is no failure.
            let _ = Command::new("kill").args(["-s", name, "--", &id]).output();
        }
    }
}

/// The inodes of the sockets that a process has open.
fn sockets_of(id: u32) -> Vec<String> {
    let files = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten();
    let targets = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    targets.filter_map(|it| inode(&it)).collect()
}

/// Reads `socket:[INODE]`.
fn inode(target: &Path) -> Option<String> {
    let inode = target.to_str()?.strip_prefix("socket:[")?;
    inode.strip_suffix(']').map(ToOwned::to_owned)
}

/// Returns the address in a line of `/proc/net/tcp`, if one of these sockets listens there.
fn listener(line: &str, sockets: &BTreeSet<String>) -> Option<SocketAddr> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
    if *state != LISTENING || !sockets.contains(*inode) {
        return None;
    }
    let (address, port) = local.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    // Each group of four bytes is a number in the processor's own order.
    let words: Option<Vec<u32>> = (0..address.len() / 8)
        .map(|at| u32::from_str_radix(&address[at * 8..at * 8 + 8], 16).ok())
        .collect();
    let bytes: Vec<u8> = words?.iter().flat_map(|it| it.to_ne_bytes()).collect();
    let address = match <[u8; 4]>::try_from(&*bytes) {
        Ok(bytes) => IpAddr::from(Ipv4Addr::from(bytes)),
        Err(_) => IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(&*bytes).ok()?)),
    };
    Some(SocketAddr::new(address, port))
}
