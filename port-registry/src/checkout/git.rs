//! The one module that runs git.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// What git says of a folder in a repository.
#[derive(Debug)]
pub(super) struct Repository {
    /// Of this checkout.
    pub(super) git_dir: PathBuf,
    /// Shared by all checkouts of the repository.
    pub(super) common_dir: PathBuf,
    /// The checkout's root. `None` where there is none, as beside a bare repository.
    pub(super) top_level: Option<PathBuf>,
    /// The URL of the remote named `origin`. It may hold a secret and must not be shown.
    pub(super) origin: Option<String>,
}

/// Asks git about a folder. `None` outside of a repository, and where no git is installed.
///
/// # Errors
///
/// When git cannot be run, or refuses to look at the repository: that is no sign that there is none.
pub(super) fn repository(folder: &Path) -> io::Result<Option<Repository>> {
    // The two run side by side: no single command tells both.
    let layout = start(
        folder,
        &[
            "rev-parse",
            "--path-format=absolute",
            "--git-dir",
            "--git-common-dir",
            // Last, because git stops here beside a bare repository.
            "--show-toplevel",
        ],
    );
    let layout = match layout {
        // There is no git, or one of the folders of PATH may not be looked into.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::PermissionDenied
            ) =>
        {
            return Ok(None);
        }
        layout => layout?,
    };
    let origin = start(folder, &["config", "--get", "remote.origin.url"]);

    // Both are waited for, whatever became of the other.
    let (layout, origin) = (finish(layout), origin.and_then(finish));
    let (layout, origin) = (layout?, origin?);
    let mut lines = layout
        .stdout
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty());
    let (Some(git_dir), Some(common_dir)) = (lines.next(), lines.next()) else {
        // It has looked in this folder and those above. Of a checkout whose repository is not where it
        // should be it names another path.
        return match complaint(&layout) {
            Some(complaint) if !complaint.starts_with("not a git repository (or any") => {
                Err(io::Error::other(complaint))
            }
            _ => Ok(None),
        };
    };
    let repository = Repository {
        git_dir: path(git_dir),
        common_dir: path(common_dir),
        top_level: lines.next().map(path),
        origin: answer(&origin)?,
    };
    // A path with a line break in it cannot be told from two.
    Ok(lines.next().is_none().then_some(repository))
}

/// The branch that is checked out, also where it has no commit yet. `None` on a detached HEAD.
pub(super) fn branch(repository: &Repository) -> io::Result<Option<String>> {
    let head = match fs::read_to_string(repository.git_dir.join("HEAD")) {
        // It is not UTF-8.
        Err(error) if error.kind() == ErrorKind::InvalidData => return Ok(None),
        head => head?,
    };
    let Some(reference) = head.strip_prefix("ref: ").map(str::trim_end) else {
        return Ok(None);
    };
    // What the reftable format writes there, for programs that look themselves.
    if reference == "refs/heads/.invalid" {
        let head = ask(&repository.git_dir, &["symbolic-ref", "--quiet", "HEAD"])?;
        return Ok(head.map(|head| branch_name(&head).to_owned()));
    }
    Ok(Some(branch_name(reference).to_owned()))
}

fn branch_name(reference: &str) -> &str {
    reference.strip_prefix("refs/heads/").unwrap_or(reference)
}

/// The abbreviated name of the commit that is checked out.
pub(super) fn short_commit(repository: &Repository) -> io::Result<Option<String>> {
    ask(&repository.git_dir, &["rev-parse", "--short", "HEAD"])
}

fn ask(folder: &Path, args: &[&str]) -> io::Result<Option<String>> {
    answer(&finish(start(folder, args)?)?)
}

/// What git printed, if anything, or what it complained of.
fn answer(output: &Output) -> io::Result<Option<String>> {
    if let Some(complaint) = complaint(output) {
        return Err(io::Error::other(complaint));
    }
    let text = str::from_utf8(&output.stdout).map(str::trim_end);
    let text = text
        .ok()
        .filter(|text| output.status.success() && !text.is_empty());
    Ok(text.map(str::to_owned))
}

/// What git complained of as it gave up. Warnings and traces may stand before it.
fn complaint(output: &Output) -> Option<String> {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find_map(|line| line.strip_prefix("fatal: "))?;
    Some(line.to_owned())
}

fn start(folder: &Path, args: &[&str]) -> io::Result<Child> {
    // A git hook runs with variables that say where its repository is, and how it is configured.
    // What is asked for here is the folder's.
    const LOCATION: [&str; 9] = [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_COMMON_DIR",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_PREFIX",
        "GIT_CONFIG_PARAMETERS",
        "GIT_CONFIG_COUNT",
    ];
    let mut command = Command::new("git");
    for variable in LOCATION {
        command.env_remove(variable);
    }
    command
        // What it complains of is looked at.
        .env("LC_ALL", "C")
        // These commands run nothing that a repository configures, so somebody else's repository,
        // such as a mounted one, can be asked for its name.
        .args(["-c", "safe.directory=*"])
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// Waits for the end of git, which must be one of its own.
fn finish(child: Child) -> io::Result<Output> {
    let output = child.wait_with_output()?;
    match output.status.code() {
        Some(_) => Ok(output),
        None => Err(io::Error::other(format!(
            "git was ended: {}",
            output.status
        ))),
    }
}

#[cfg(unix)]
fn path(line: &[u8]) -> PathBuf {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(OsStr::from_bytes(line))
}

#[cfg(not(unix))]
fn path(line: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(line).into_owned())
}
