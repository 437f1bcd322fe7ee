//! Attributes of files that `portctl env --write` keeps.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use rustix::fs::{XattrFlags, lgetxattr, lgetxattr_query, setxattr};
use rustix::io::Errno;

use super::machine::both_ways_on_disk;
use crate::PORTCTL;
use test_support::{NOBODY, Ran, is_available};

const WRITE: [&str; 3] = ["env", "--write", ".env"];
const ACCESS: &str = "system.posix_acl_access";
const DEFAULT: &str = "system.posix_acl_default";

/// An access control list of the owner, [`NOBODY`], the group, and the others, as the kernel encodes it.
fn list(of_nobody: u16) -> Vec<u8> {
    const NO_ID: u32 = u32::MAX;
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in [
        (0x01_u16, 6, NO_ID),
        (0x02, of_nobody, NOBODY),
        (0x04, 4, NO_ID),
        (0x10, 6, NO_ID),
        (0x20, 0, NO_ID),
    ] {
        list.extend(tag.to_le_bytes());
        list.extend(permissions.to_le_bytes());
        list.extend(id.to_le_bytes());
    }
    list
}

/// Sets an attribute. Returns false if the file system has no such attributes, which is a failure in CI.
#[track_caller]
fn set(path: &Path, name: &str, value: &[u8]) -> bool {
    match setxattr(path, name, value, XattrFlags::empty()) {
        Err(Errno::NOTSUP) if std::env::var_os("CI").is_none() => {
            let _ = writeln!(std::io::stderr(), "skipped: {name} is not available");
            false
        }
        set => {
            set.unwrap();
            true
        }
    }
}

fn attribute(path: &Path, name: &str) -> Option<Vec<u8>> {
    let size = lgetxattr_query(path, name).ok()?;
    let mut value = vec![0; size];
    let read = lgetxattr(path, name, &mut value[..]).unwrap();
    assert_eq!(read, size);
    Some(value)
}

#[test]
fn access_control_list_and_attributes_are_kept() {
    both_ways_on_disk(|machine| {
        let file = machine.write(".env", "A=1\n");
        if !set(&file, ACCESS, &list(4)) || !set(&file, "user.note", b"mine") {
            return;
        }
        set(&file, "user.empty", b"");
        let mode = fs::metadata(&file).unwrap().mode();
        // A list that new files would inherit.
        assert!(set(&machine.work(), DEFAULT, &list(6)));
        machine.run(&["get", "web"]).printed();
        machine.run(&WRITE).printed();
        assert_eq!(attribute(&file, ACCESS), Some(list(4)));
        assert_eq!(attribute(&file, "user.note").unwrap(), b"mine");
        assert_eq!(attribute(&file, "user.empty").unwrap(), b"");
        assert_eq!(fs::metadata(&file).unwrap().mode(), mode);

        // A file without a list does not get the inherited one.
        let plain = machine.work().join("plain.env");
        fs::write(&plain, "").unwrap();
        rustix::fs::removexattr(&plain, ACCESS).unwrap();
        fs::set_permissions(&plain, Permissions::from_mode(0o640)).unwrap();
        machine.run(&["env", "--write", "plain.env"]).printed();
        assert_eq!(attribute(&plain, ACCESS), None);
        assert_eq!(fs::metadata(&plain).unwrap().mode() & 0o777, 0o640);
    });
}

#[test]
fn file_whose_list_cannot_be_kept_is_not_changed() {
    both_ways_on_disk(|machine| {
        let mut trial = Command::new("strace");
        if !is_available("strace", trial.args(["-o", "/dev/null", "true"])) {
            return;
        }
        let file = machine.write(".env", "A=1\n");
        if !set(&file, ACCESS, &list(4)) {
            return;
        }
        machine.run(&["get", "web"]).printed();
        let mut command = machine.program("strace", &machine.work());
        command.args(["-f", "-o", "/dev/null", "-e", "trace=fsetxattr"]);
        command.args(["-e", "inject=fsetxattr:error=EOPNOTSUPP", PORTCTL]);
        let ran = Ran::of(command.args(WRITE));
        let problem = "error: .env: cannot keep its access control list: ";
        assert!(ran.complained(1).starts_with(problem), "{ran:?}");
        assert_eq!(fs::read(&file).unwrap(), b"A=1\n");
        assert_eq!(attribute(&file, ACCESS), Some(list(4)));
        assert_eq!(fs::read_dir(machine.work()).unwrap().count(), 1);
    });
}

#[test]
fn owner_group_and_mode_are_kept() {
    both_ways_on_disk(|machine| {
        let file = machine.write(".env", "A=1\n");
        fs::set_permissions(&file, Permissions::from_mode(0o604)).unwrap();
        let is_root = fs::metadata(&file).unwrap().uid() == 0;
        if is_root {
            chown(&file, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let before = fs::metadata(&file).unwrap();
        machine.run(&["get", "web"]).printed();
        machine.run(&WRITE).printed();
        let after = fs::metadata(&file).unwrap();
        assert_ne!(before.ino(), after.ino());
        let of = |it: &fs::Metadata| (it.uid(), it.gid(), it.mode());
        assert_eq!(of(&before), of(&after));
    });
}
