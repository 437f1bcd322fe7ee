//! Running git. No other module does.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The repository that a folder is in.
#[derive(Debug)]
pub(super) struct Repository {
    /// The git directory of this checkout.
    pub(super) git_dir: PathBuf,
    /// The git directory that all checkouts of the repository share.
    pub(super) common_dir: PathBuf,
    /// The root of the checkout, or `None` beside a bare repository.
    pub(super) top_level: Option<PathBuf>,
    /// The URL of the remote named `origin`. It may hold a secret and must not be shown.
    pub(super) origin: Option<String>,
}

/// Asks git for the repository of a folder. Returns `None` outside of a repository, and if git is not installed.
///
/// # Errors
///
/// Returns an error if git cannot be run or refuses to examine the repository, because there may be one.
pub(super) fn repository(folder: &Path) -> io::Result<Option<Repository>> {
    // No single command reports both, so two commands run in parallel.
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
        // Git is not installed, or a folder in PATH may not be read.
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

    // Wait for both even if one has failed, so that no process is left behind.
    let (layout, origin) = (finish(layout), origin.and_then(finish));
    let (layout, origin) = (layout?, origin?);
    let mut lines = layout
        .stdout
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty());
    let (Some(git_dir), Some(common_dir)) = (lines.next(), lines.next()) else {
        // The message is different if git found a checkout whose repository is missing.
        return match fatal_error(&layout) {
            Some(fatal) if !fatal.starts_with("not a git repository (or any") => {
                Err(io::Error::other(fatal))
            }
            _ => Ok(None),
        };
    };
    let repository = Repository {
        git_dir: path(git_dir),
        common_dir: path(common_dir),
        top_level: lines.next().map(path),
        origin: output_text(&origin)?,
    };
    // A path with a line break looks like two paths.
    Ok(lines.next().is_none().then_some(repository))
}

/// Returns the branch that is checked out, even if it has no commit yet. Returns `None` on a detached HEAD.
pub(super) fn branch(repository: &Repository) -> io::Result<Option<String>> {
    let head = match fs::read_to_string(repository.git_dir.join("HEAD")) {
        // The name of the branch is not UTF-8.
        Err(error) if error.kind() == ErrorKind::InvalidData => return Ok(None),
        head => head?,
    };
    let Some(reference) = head.strip_prefix("ref: ").map(str::trim_end) else {
        return Ok(None);
    };
    // The reftable format writes this placeholder for programs that read the file themselves.
    if reference == "refs/heads/.invalid" {
        let head = run(&repository.git_dir, &["symbolic-ref", "--quiet", "HEAD"])?;
        return Ok(head.map(|head| branch_name(&head).to_owned()));
    }
    Ok(Some(branch_name(reference).to_owned()))
}

fn branch_name(reference: &str) -> &str {
    reference.strip_prefix("refs/heads/").unwrap_or(reference)
}

/// Returns the abbreviated id of the commit that is checked out.
pub(super) fn short_commit(repository: &Repository) -> io::Result<Option<String>> {
    run(&repository.git_dir, &["rev-parse", "--short", "HEAD"])
}

fn run(folder: &Path, args: &[&str]) -> io::Result<Option<String>> {
    output_text(&finish(start(folder, args)?)?)
}

/// Returns the output of git, or its fatal error. Returns `None` if git failed without one, or printed nothing.
fn output_text(output: &Output) -> io::Result<Option<String>> {
    if let Some(fatal) = fatal_error(output) {
        return Err(io::Error::other(fatal));
    }
    let text = str::from_utf8(&output.stdout).map(str::trim_end);
    let text = text
        .ok()
        .filter(|text| output.status.success() && !text.is_empty());
    Ok(text.map(str::to_owned))
}

/// Returns the message of git's fatal error. Warnings and traces may precede it.
fn fatal_error(output: &Output) -> Option<String> {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find_map(|line| line.strip_prefix("fatal: "))?;
    Some(line.to_owned())
}

fn start(folder: &Path, args: &[&str]) -> io::Result<Child> {
    // In a git hook these variables name the hook's repository and its configuration, instead of the folder's.
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
        // The messages are parsed.
        .env("LC_ALL", "C")
        // Git refuses to read repositories of other users, such as mounted ones. These commands run nothing that a
        // repository configures, so they are safe.
        .args(["-c", "safe.directory=*"])
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// Waits for git. Returns an error if a signal ended it.
fn finish(child: Child) -> io::Result<Output> {
    let output = child.wait_with_output()?;
    match output.status.code() {
        Some(_) => Ok(output),
        None => Err(io::Error::other(format!(
            "git was terminated: {}",
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
