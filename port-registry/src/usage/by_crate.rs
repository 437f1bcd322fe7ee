//! Listeners on systems other than Linux. Of their processes, only the name and the number are known.

use std::collections::BTreeMap;
use std::path::Path;

use listeners::{Protocol, SocketState};

use super::evidence::Evidence;
use super::joined::{add, joined};
use super::listener::Listener;
use super::wanted::Wanted;
use crate::types::port::Port;

/// Finds the listeners on the ports that are wanted.
pub(super) fn listeners(wanted: &Wanted) -> BTreeMap<Port, Listener> {
    let mut found: BTreeMap<Port, Vec<Listener>> = BTreeMap::new();
    for it in listeners::get_all().unwrap_or_default() {
        let is_listening = it.protocol == Protocol::TCP && it.state == SocketState::Listen;
        let port = Port::new(it.socket.port()).ok();
        let Some(port) = port.filter(|&port| is_listening && (wanted.ports)(port)) else {
            continue;
        };
        let executable = Path::new(&it.process.path).file_name();
        let executable = executable.map(|name| name.to_string_lossy().into_owned());
        let listener = Listener {
            pid: Some(it.process.pid),
            process: executable.or_else(|| Some(it.process.name).filter(|it| !it.is_empty())),
            ..Listener::default()
        };
        let address = Some(it.socket.ip());
        add(found.entry(port).or_default(), listener, address);
    }
    joined(found, wanted, &mut Evidence::new(wanted.is_recorded))
}
