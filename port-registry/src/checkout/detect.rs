//! Which app and instance a folder is.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use git_url_parse::GitUrl;

use super::git::{self, Repository};
use crate::error::Error;

/// The instance of a folder outside of git.
const DEFAULT_INSTANCE: &str = "default";

/// What a folder goes by in the registry, and the checkout that it is in.
///
/// ```
/// use port_registry::Checkout;
///
/// let here = Checkout::of(std::path::Path::new("."))?;
/// println!("{:?}/{:?} in {}", here.app, here.instance, here.root.display());
/// # Ok::<(), port_registry::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checkout {
    /// The name of the repository in the URL of `origin`. Without one, the name of the main
    /// worktree's folder; for a submodule, its own name; outside of git, the folder's.
    ///
    /// `None` where that is no name, as for `/`, or for one that is not UTF-8.
    pub app: Option<String>,
    /// The name of a linked worktree's folder, or else the branch; `detached-` and the short
    /// commit on a detached HEAD; `default` outside of git.
    ///
    /// `None` for a name that is not UTF-8.
    pub instance: Option<String>,
    /// The root of the checkout; outside of git the folder itself.
    pub root: PathBuf,
}

impl Checkout {
    /// Detects the names of a folder, by asking git. No git installed is like being outside of a
    /// repository.
    ///
    /// # Errors
    ///
    /// [`Checkout`](Error::Checkout) when git cannot be run or refuses to look: another name would be
    /// another checkout's.
    pub fn of(folder: &Path) -> Result<Checkout, Error> {
        // Git names checkouts by their real paths.
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let checkout = git::repository(&folder).and_then(|repository| match repository {
            Some(repository) => Ok(Checkout {
                app: app(&repository),
                instance: instance(&repository)?,
                root: root(repository),
            }),
            None => Ok(Checkout {
                app: file_name(&folder),
                instance: Some(DEFAULT_INSTANCE.to_owned()),
                root: folder.clone(),
            }),
        });
        checkout.map_err(|cause| Error::Checkout { folder, cause })
    }
}

/// The checkout's root; beside a bare repository, or inside the git directory, the folder that the
/// repository is in.
fn root(repository: Repository) -> PathBuf {
    match repository.top_level {
        Some(top_level) => top_level,
        None => match folder_around(&repository.common_dir) {
            Some(folder) => folder.to_owned(),
            None => repository.common_dir,
        },
    }
}

/// The folder of the project, where its git directory is one inside of it.
fn folder_around(common_dir: &Path) -> Option<&Path> {
    match common_dir.file_name()?.to_str()? {
        ".git" | ".bare" => common_dir.parent(),
        _ => None,
    }
}

fn app(repository: &Repository) -> Option<String> {
    let from_url = repository.origin.as_deref().and_then(repository_name);
    from_url.or_else(|| file_name(&main_folder(repository)))
}

fn instance(repository: &Repository) -> io::Result<Option<String>> {
    if let Some(top_level) = &repository.top_level
        && repository.git_dir != repository.common_dir
    {
        return Ok(file_name(top_level));
    }
    if let Some(branch) = git::branch(repository)? {
        return Ok(Some(branch));
    }
    let commit = git::short_commit(repository)?;
    Ok(commit.map(|commit| format!("detached-{commit}")))
}

/// The folder, or what would be the folder, of the main worktree.
fn main_folder(repository: &Repository) -> PathBuf {
    let common_dir = &repository.common_dir;
    match &repository.top_level {
        Some(top_level) if repository.git_dir == *common_dir => top_level.clone(),
        _ => match folder_around(common_dir) {
            Some(folder) => folder.to_owned(),
            // `proj.git`, or a submodule's place in its parent's repository.
            None if common_dir.extension() == Some(OsStr::new("git")) => {
                common_dir.with_extension("")
            }
            None => common_dir.clone(),
        },
    }
}

/// The name of the repository that a URL ends in. `None` for a local path, which says where a
/// repository was once found and not what it is called, and for a URL that cannot be made out.
pub(crate) fn repository_name(url: &str) -> Option<String> {
    let url = url.trim_end_matches('/');
    let adapted = match url.split_once("://") {
        Some((scheme, rest)) => {
            // The parser panics over some URLs of SSH, whose paths it cuts by a byte.
            let scheme = if scheme.contains("ssh") {
                "https"
            } else {
                scheme
            };
            // The host does not count, and it depends on how the parser was built whether it takes
            // one of other letters than English has, or that stands for them (`xn--`, RFC 5890).
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = host.to_ascii_lowercase().replace("xn--", "x");
            let host = host.replace(|c: char| !c.is_ascii(), "x");
            format!("{scheme}://{host}{path}")
        }
        None => url.to_owned(),
    };
    let parsed = GitUrl::parse(&adapted).ok()?;
    // The parser stops at the first character that it does not know.
    if parsed.scheme() == Some("file") || !url.ends_with(parsed.path()) {
        return None;
    }
    let name = parsed.path().rsplit('/').next()?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    // What has these in it may be a user and a secret, in a URL that was put together wrong.
    (!name.is_empty() && !name.contains(['@', ':'])).then(|| name.to_owned())
}

fn file_name(path: &Path) -> Option<String> {
    path.file_name()?.to_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::repository_name;

    #[test]
    fn a_url_names_its_repository() {
        for url in [
            "https://example.com/owner/shop.git",
            "https://example.com/owner/shop",
            "https://example.com/owner/shop.git/",
            "https://user:secret@example.com:8443/owner/shop",
            "https://example.com/group/subgroup/shop.git",
            "https://example.com/shop.git",
            "https://m\u{fc}nchen.example/owner/shop.git",
            "https://xn--mnchen-3ya.example/owner/shop.git",
            "https://XN--a.example/owner/shop.git",
            "https://dev.azure.com/org/project/_git/shop",
            "ssh://git@example.com:22/owner/shop.git",
            "git+ssh://git@example.com/owner/shop.git",
            "git@example.com:owner/shop.git",
            "git@example.com:shop.git",
            "git@example.com:~user/shop.git",
            "git://example.com/owner/shop.git",
            "alias:owner/shop",
        ] {
            assert_eq!(repository_name(url).as_deref(), Some("shop"), "{url}");
        }
        let dotted = repository_name("git@example.com:owner/shop.js.git");
        assert_eq!(dotted.as_deref(), Some("shop.js"));
    }

    #[test]
    fn paths_and_odd_urls_name_none() {
        for url in [
            "",
            "/srv/git/shop.git",
            "../shop.git",
            "shop",
            "C:\\repos\\shop.git",
            "file:///srv/git/shop.git",
            "/home/me/my shop/.git",
            "https://",
            "https://example.com/owner/my%20shop.git",
            "https://example.com/owner/shop?token=secret",
            "https://example.com/owner/.git",
            "http://[::1]:3000/owner/shop.git",
            "ssh://git`example.com:22/owner/shop.git",
            "ssh://\u{e9}",
            "git+ssh://",
            "https:///https://user:secret@example.com:8443",
        ] {
            assert_eq!(repository_name(url), None, "{url}");
        }
    }
}
