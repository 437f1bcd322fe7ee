//! The one module that runs git.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

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
pub(super) fn repository(folder: &Path) -> Option<Repository> {
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
    )?;
    let origin = start(folder, &["config", "--get", "remote.origin.url"]);

    let layout = finish(layout);
    let origin = origin.and_then(finish).and_then(|(status, url)| {
        let url = status.success().then_some(url)?;
        String::from_utf8(url)
            .ok()
            .map(|url| url.trim_end().to_owned())
    });
    let (_, lines) = layout?;
    let mut lines = lines
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty());
    let repository = Repository {
        git_dir: path(lines.next()?),
        common_dir: path(lines.next()?),
        top_level: lines.next().map(path),
        origin,
    };
    // A path with a line break in it cannot be told from two.
    lines.next().is_none().then_some(repository)
}

/// The branch that is checked out, also where it has no commit yet. `None` on a detached HEAD.
pub(super) fn branch(repository: &Repository) -> Option<String> {
    let head = std::fs::read_to_string(repository.git_dir.join("HEAD")).ok()?;
    let reference = head.strip_prefix("ref: ")?.trim_end();
    // What the reftable format writes there, for programs that look themselves.
    if reference == "refs/heads/.invalid" {
        let head = ask(&repository.git_dir, &["symbolic-ref", "--quiet", "HEAD"])?;
        return Some(branch_name(&head).to_owned());
    }
    Some(branch_name(reference).to_owned())
}

fn branch_name(reference: &str) -> &str {
    reference.strip_prefix("refs/heads/").unwrap_or(reference)
}

/// The abbreviated name of the commit that is checked out.
pub(super) fn short_commit(repository: &Repository) -> Option<String> {
    ask(&repository.git_dir, &["rev-parse", "--short", "HEAD"])
}

fn ask(folder: &Path, args: &[&str]) -> Option<String> {
    let (status, answer) = finish(start(folder, args)?)?;
    let answer = String::from_utf8(answer).ok()?.trim_end().to_owned();
    (status.success() && !answer.is_empty()).then_some(answer)
}

fn start(folder: &Path, args: &[&str]) -> Option<Child> {
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
        // These commands run nothing that a repository configures, so somebody else's repository,
        // such as a mounted one, can be asked for its name.
        .args(["-c", "safe.directory=*"])
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()
}

fn finish(mut child: Child) -> Option<(ExitStatus, Vec<u8>)> {
    let mut output = Vec::new();
    let read = child.stdout.take()?.read_to_end(&mut output);
    let status = child.wait().ok()?;
    read.ok()?;
    Some((status, output))
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
