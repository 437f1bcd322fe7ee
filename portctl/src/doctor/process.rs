//! Facts about processes, from proc(5) on Linux. Unknown on other systems.

use std::path::PathBuf;

/// Returns the working folder of a process. `None` for processes in containers, whose paths mean other folders.
#[cfg(target_os = "linux")]
pub(super) fn folder(pid: u32) -> Option<PathBuf> {
    use std::fs::read_link;

    let link = |process: &str, name: &str| read_link(format!("/proc/{process}/{name}")).ok();
    let process = pid.to_string();
    let is_contained = ["ns/mnt", "root"]
        .iter()
        .any(|view| link(&process, view) != link("self", view));
    let folder = link(&process, "cwd")?;
    (!is_contained).then_some(folder)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn folder(_: u32) -> Option<PathBuf> {
    None
}

/// Lists the names of all processes of any user.
#[cfg(target_os = "linux")]
pub(super) fn names_of(user: u32) -> impl Iterator<Item = String> {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter(move |it| it.metadata().is_ok_and(|it| it.uid() == user))
        .filter_map(|it| fs::read_to_string(it.path().join("comm")).ok())
        .map(|name| name.trim_end().to_owned())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn names_of(_: u32) -> impl Iterator<Item = String> {
    std::iter::empty()
}

/// Compares with the user of this process.
#[cfg(unix)]
pub(super) fn is_own(user: u32) -> bool {
    rustix::process::geteuid().as_raw() == user
}

#[cfg(not(unix))]
pub(super) fn is_own(_: u32) -> bool {
    true
}
