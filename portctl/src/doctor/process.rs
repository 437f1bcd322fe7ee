//! Facts about processes, from proc(5) on Linux. Unknown on other systems.

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
