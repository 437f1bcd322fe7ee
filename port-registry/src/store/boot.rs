//! The identity of the running system, which changes with each boot.

use std::sync::OnceLock;

use super::bytes::hash;

/// Returns a number that is the same until the system is booted again, or 0 if the system does not tell.
pub(super) fn boot_id() -> u64 {
    static BOOT_ID: OnceLock<u64> = OnceLock::new();
    #[cfg(test)]
    if let Some(simulated) = simulated::BOOT.get() {
        return simulated;
    }
    *BOOT_ID.get_or_init(|| {
        let told = boot_id_of_system().unwrap_or_default();
        match told.trim_ascii() {
            b"" => 0,
            told => hash(0, told).max(1),
        }
    })
}

/// Tests if a number that [`boot_id`] has returned earlier is from the running system. It counts as such if that is
/// not known.
pub(super) fn is_this_boot(id: u64) -> bool {
    let now = boot_id();
    id == now || id == 0 || now == 0
}

#[cfg(target_os = "linux")]
fn boot_id_of_system() -> Option<Vec<u8>> {
    // random(4)
    std::fs::read("/proc/sys/kernel/random/boot_id").ok()
}

#[cfg(target_os = "macos")]
fn boot_id_of_system() -> Option<Vec<u8>> {
    let mut sysctl = std::process::Command::new("/usr/sbin/sysctl");
    let told = sysctl.args(["-n", "kern.bootsessionuuid"]).output().ok()?;
    Some(told.stdout)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn boot_id_of_system() -> Option<Vec<u8>> {
    None
}

/// Boots in tests.
#[cfg(test)]
pub(super) mod simulated {
    use std::cell::Cell;

    thread_local! {
        pub(super) static BOOT: Cell<Option<u64>> = const { Cell::new(None) };
        static BOOTS: Cell<u64> = const { Cell::new(0) };
    }

    /// Runs `f` after the system was booted again, as this thread sees it.
    pub(crate) fn rebooted<T>(f: impl FnOnce() -> T) -> T {
        let before = BOOT.get();
        boot_again();
        let result = f();
        BOOT.set(before);
        result
    }

    /// Boots the system again, as this thread sees it.
    pub(crate) fn boot_again() {
        BOOTS.set(BOOTS.get() + 1);
        BOOT.set(Some(BOOTS.get()));
    }
}
