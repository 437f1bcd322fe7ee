//! The name of a repository, as found in the URL of a remote.

use git_url_parse::GitUrl;

/// Returns the name of the repository at the end of a URL.
///
/// Returns `None` for a URL that cannot be parsed and for a local path, because a path says where the repository was
/// cloned from rather than how it is called.
pub(crate) fn repository_name(url: &str) -> Option<String> {
    let url = url.trim_end_matches('/');
    let adapted = match url.split_once("://") {
        Some((scheme, rest)) => {
            // The parser panics on some SSH URLs, because it cuts their paths inside a character.
            let scheme = if scheme.contains("ssh") {
                "https"
            } else {
                scheme
            };
            // The host is irrelevant here. The parser's build decides if it accepts a host with letters beyond ASCII,
            // or with their encoding (`xn--`, RFC 5890), so these are replaced.
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = host.to_ascii_lowercase().replace("xn--", "x");
            let host = host.replace(|c: char| !c.is_ascii(), "x");
            format!("{scheme}://{host}{path}")
        }
        None => url.to_owned(),
    };
    let parsed = GitUrl::parse(&adapted).ok()?;
    // The parser ignores everything from the first unknown character on.
    if parsed.scheme() == Some("file") || !url.ends_with(parsed.path()) {
        return None;
    }
    let name = parsed.path().rsplit('/').next()?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    // In a malformed URL, a name with these characters may be a user and a secret.
    (!name.is_empty() && !name.contains(['@', ':'])).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::repository_name;

    #[test]
    fn a_url_ends_in_the_name_of_its_repository() {
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
    fn a_path_or_malformed_url_has_no_name() {
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
