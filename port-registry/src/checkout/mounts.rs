//! File systems: those that are mounted, and those that `/etc/fstab` lists.

use std::fs;
use std::path::{Path, PathBuf};

/// The mount points of the system.
#[derive(Debug)]
pub(super) struct Mounts {
    /// The points at which something is mounted. `None` where the system does not list them (not Linux).
    mounted: Option<Vec<PathBuf>>,
    /// The points at which `/etc/fstab` says that something should be.
    listed: Vec<PathBuf>,
}

impl Mounts {
    pub(super) fn of_system() -> Mounts {
        let mountinfo = fs::read("/proc/self/mountinfo").ok();
        let fstab = fs::read("/etc/fstab").unwrap_or_default();
        Mounts::parse(mountinfo.as_deref(), &fstab)
    }

    /// Parses `/proc/self/mountinfo` (see `proc_pid_mountinfo(5)`) and `fstab(5)`.
    pub(super) fn parse(mountinfo: Option<&[u8]>, fstab: &[u8]) -> Mounts {
        Mounts {
            mounted: mountinfo.map(|text| lines(text).filter_map(parse_mount).collect()),
            listed: lines(fstab).filter_map(parse_entry).collect(),
        }
    }

    /// Tests if something is mounted at a point. A folder that only waits to be mounted does not count.
    pub(super) fn is_mounted(&self, point: &Path) -> bool {
        match &self.mounted {
            Some(mounted) => mounted.iter().any(|it| it == point),
            None => is_on_other_device_than_its_parent(point),
        }
    }

    /// Returns the mount point above a path at which `/etc/fstab` lists a file system that is not mounted.
    pub(super) fn unmounted_above(&self, path: &Path) -> Option<&Path> {
        let points = self.listed.iter().map(PathBuf::as_path);
        let mut above = points.filter(|point| path.starts_with(point));
        above.find(|point| !self.is_mounted(point))
    }

    /// Tests if something is mounted at a path or below it.
    pub(super) fn has_any_in(&self, path: &Path) -> bool {
        let mut mounted = self.mounted.iter().flatten();
        mounted.any(|point| point.starts_with(path))
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n')
}

/// Returns the mount point of a line of mountinfo. Returns `None` for autofs, whose points wait to be mounted.
fn parse_mount(line: &[u8]) -> Option<PathBuf> {
    let mut fields = line.split(|&byte| byte == b' ');
    let point = fields.nth(4)?;
    // A variable number of fields ends with a hyphen, and the type follows.
    fields.find(|&field| field == b"-")?;
    (fields.next()? != b"autofs").then(|| unescape(point))
}

/// Returns the mount point of a line of fstab. Returns `None` for comments, swap space, and the root, which is always
/// mounted.
fn parse_entry(line: &[u8]) -> Option<PathBuf> {
    let mut fields = line
        .split(u8::is_ascii_whitespace)
        .filter(|field| !field.is_empty());
    fields.next().filter(|device| !device.starts_with(b"#"))?;
    let point = unescape(fields.next()?);
    let is_swap = fields.next() == Some(b"swap");
    (point.has_root() && point.parent().is_some() && !is_swap).then_some(point)
}

/// Decodes the octal escapes of blanks, such as `\040`. A path that is not UTF-8 is no prefix of a recorded one, so that
/// it may be changed.
fn unescape(field: &[u8]) -> PathBuf {
    let mut decoded = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, after @ ..] = rest {
        let octal = (*first == b'\\').then(|| after.get(..3)).flatten();
        let octal = octal.and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            decoded.push(byte);
            rest = &after[3..];
        } else {
            decoded.push(*first);
            rest = after;
        }
    }
    PathBuf::from(String::from_utf8_lossy(&decoded).into_owned())
}

#[cfg(unix)]
fn is_on_other_device_than_its_parent(point: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| fs::metadata(path).ok().map(|found| found.dev());
    let parent = point.parent().and_then(device);
    parent.is_some_and(|parent| device(point).is_some_and(|own| own != parent))
}

/// The standard library gives no device numbers here.
#[cfg(not(unix))]
fn is_on_other_device_than_its_parent(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Mounts;

    const MOUNTINFO: &[u8] = b"\
22 27 0:21 / /proc rw,relatime - proc proc rw\n\
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
30 27 8:1 / /mnt/my\\040disk rw shared:7 master:2 - ext4 /dev/sda1 rw\n\
31 27 0:40 / /auto rw - autofs systemd-1 rw\n\
32 27 0:41 / /used rw - autofs systemd-1 rw\n\
33 32 8:2 / /used rw - xfs /dev/sdb1 rw\n\
damaged\n";

    const FSTAB: &[u8] = b"\
# <file system> <mount point> <type>\n\
#/dev/sdx /commented ext4\n\
UUID=1\t/\text4\tdefaults 0 1\n\
/dev/sdb1  /used  xfs  x-systemd.automount 0 2\n\
/dev/sdc1  /auto  xfs  x-systemd.automount 0 2\n\
/dev/sdd1  /my\\040data/x  xfs  noauto 0 2\n\
/dev/sde1  none  swap sw 0 0\n\
/dev/sdf1  /swap  swap sw 0 0\n\
/dev/sdg1  swap\n\
alone\n";

    #[test]
    fn mount_points_are_decoded_and_automounts_wait_for_their_file_system() {
        let mounts = Mounts::parse(Some(MOUNTINFO), FSTAB);
        for mounted in ["/", "/proc", "/mnt/my disk", "/used"] {
            assert!(mounts.is_mounted(Path::new(mounted)), "{mounted}");
        }
        for other in ["/auto", "/mnt", "/mnt/my disk/proj", "/mnt/my"] {
            assert!(!mounts.is_mounted(Path::new(other)), "{other}");
        }
        assert!(mounts.has_any_in(Path::new("/mnt")));
        assert!(mounts.has_any_in(Path::new("/mnt/my disk")));
        assert!(!mounts.has_any_in(Path::new("/mnt/my disk/proj")));
        assert!(!mounts.has_any_in(Path::new("/mn")));
    }

    #[test]
    fn listed_file_system_that_is_not_mounted_is_found_above_a_path() {
        let mounts = Mounts::parse(Some(MOUNTINFO), FSTAB);
        let above = |path: &str| {
            let point = mounts.unmounted_above(Path::new(path))?;
            Some(point.to_str().unwrap().to_owned())
        };
        assert_eq!(above("/auto/shop").as_deref(), Some("/auto"));
        assert_eq!(above("/my data/x/shop").as_deref(), Some("/my data/x"));
        assert_eq!(above("/my data/x").as_deref(), Some("/my data/x"));
        for path in [
            "/used/shop",
            "/my data/xy",
            "/my data",
            "/swap/shop",
            "/commented/shop",
            "/home/me/shop",
        ] {
            assert_eq!(above(path), None, "{path}");
        }
    }

    #[test]
    fn mount_points_are_told_by_their_device_where_they_are_not_listed() {
        let mounts = Mounts::parse(None, b"");
        let folder = tempfile::tempdir().unwrap();
        assert!(!mounts.is_mounted(&folder.path().join("missing")));
        assert!(!mounts.is_mounted(Path::new("/")));
        if cfg!(target_os = "linux") {
            assert!(mounts.is_mounted(Path::new("/proc")));
        }
    }
}
