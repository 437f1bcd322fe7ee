//! The workspace's programs, and copies of programs.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Ran;

/// Returns the path of a program of the workspace, such as a helper program.
///
/// `cargo test -p PACKAGE` builds only the programs of that package, so another one may be missing or outdated.
/// `cargo build --workspace` builds all.
///
/// Cargo puts all programs into one folder, and test executables into its subfolder `deps`.
#[track_caller]
pub fn program(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap();
    let program = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    assert!(
        program.exists(),
        "{} is missing: run `cargo build --workspace` first, and again after each change, because the tests of one \
         package do not rebuild the programs of another",
        program.display()
    );
    program
}

/// Finds a program of the system on the PATH.
#[track_caller]
pub fn installed(name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap();
    let mut places = env::split_paths(&path).map(|it| it.join(name));
    places.find(|it| it.is_file()).unwrap()
}

/// Returns the PATH with these folders before the others.
pub fn path_with(folders: &[impl AsRef<Path>]) -> OsString {
    let path = env::var_os("PATH").unwrap();
    let first = folders.iter().map(|it| it.as_ref().to_owned());
    env::join_paths(first.chain(env::split_paths(&path))).unwrap()
}

/// Copies a program to `place` in another process.
///
/// Never write an executable in this process: a child forked by another test at that moment inherits the
/// open file, and executing it fails with `ETXTBSY`.
#[track_caller]
pub fn install(program: impl AsRef<OsStr>, place: &Path) {
    let mut command = Command::new("install");
    let ran = Ran::of(command.args(["-m", "755"]).arg(program).arg(place));
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

/// Like [`install`], for a shell script.
#[track_caller]
pub fn install_script(script: &str, place: &Path) {
    let draft = place.with_extension("draft");
    fs::write(&draft, script).unwrap();
    install(&draft, place);
    fs::remove_file(draft).unwrap();
}
