//! Ports that tests can use in parallel.

use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use port_registry::{Port, Probe, SystemProbe, Verdict};

use crate::helper::Helper;
use crate::program;

/// Opens a socket that listens on a port chosen by the system.
pub fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Starts a process that listens on a port chosen by the system until it is dropped. It runs in the root folder, so that its
/// checkout is unknown.
///
/// A socket of this process would seem to belong to programs that other tests start, between their fork and exec.
pub fn occupant() -> (Helper, u16) {
    occupant_in(Path::new("/"))
}

/// Like [`occupant`], but the process runs in this folder.
pub fn occupant_in(folder: &Path) -> (Helper, u16) {
    let mut command = Command::new(program("test-listener"));
    occupant_by(command.arg("0").current_dir(folder))
}

/// Like [`occupant`], but on this port.
pub fn occupant_of(port: u16) -> Helper {
    occupant_of_in(port, Path::new("/"))
}

/// Like [`occupant`], but on this port and in this folder.
pub fn occupant_of_in(port: u16, folder: &Path) -> Helper {
    let mut command = Command::new(program("test-listener"));
    occupant_by(command.arg(port.to_string()).current_dir(folder)).0
}

/// Starts `test-listener` with a port, or 0, by this command.
pub fn occupant_by(command: &mut Command) -> (Helper, u16) {
    let mut occupant = Helper::spawn(command);
    let line = occupant.hear().unwrap();
    let port = line.strip_prefix("listening ").unwrap().parse().unwrap();
    (occupant, port)
}

/// Starts a process that keeps a port in use without listening on it, in one of these states: `connected`, `closing` or
/// `bound`.
pub fn user_of(port: u16, state: &str) -> Helper {
    let mut command = Command::new(program("test-socket"));
    let mut user = Helper::spawn(command.arg(state).arg(port.to_string()));
    user.expect(&format!("{state} {port}"));
    user
}

/// Returns a port that nothing listened on a moment ago.
pub fn free_port() -> u16 {
    listener().1
}

/// Reserves consecutive ports that nothing listens on, and returns the first.
///
/// The ports are below the kernel's ephemeral range. Each call returns different ports. Lock files keep
/// other test processes from using them until this process ends.
pub fn free_block(ports: u16) -> u16 {
    const LARGEST: u16 = 8;
    const BLOCKS: u16 = 1600;
    static TAKEN: Mutex<Vec<File>> = Mutex::new(Vec::new());
    assert!(ports <= LARGEST);
    let locks = lock_folder();
    let is_free = |port| SystemProbe.probe(Port::new(port).unwrap()).unwrap() == Verdict::Free;
    // Start far from processes with neighbouring ids, so that the first attempt usually succeeds, and another user's
    // tests, who have lock files of their own, rarely choose the same block.
    let start = u16::try_from(std::process::id().wrapping_mul(989) % u32::from(BLOCKS)).unwrap();
    for block in (start..BLOCKS).chain(0..start) {
        let first = 19_000 + block * LARGEST;
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false);
        let lock = options.open(locks.join(block.to_string())).unwrap();
        if lock.try_lock().is_ok() && (first..first + ports).all(is_free) {
            TAKEN.lock().unwrap().push(lock);
            return first;
        }
    }
    panic!("no ports are left for tests");
}

/// Returns a folder shared by all test processes of this user.
///
/// If another user owns the shared path, returns a new folder, which isolates only the tests of this process.
fn lock_folder() -> PathBuf {
    let own = tempfile::tempdir().unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, MetadataExt};
        let user = own.path().metadata().unwrap().uid();
        let shared = std::env::temp_dir().join(format!("port-registry-tests-{user}"));
        let _ = fs::DirBuilder::new().mode(0o700).create(&shared);
        let found = fs::symlink_metadata(&shared).unwrap();
        if found.is_dir() && found.uid() == user {
            return shared;
        }
    }
    own.keep()
}
