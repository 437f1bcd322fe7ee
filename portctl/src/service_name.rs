//! Words in place of a service's name that most likely mean something else.

use port_registry::Port;

/// The likely meaning of a word that is no plausible name of a service.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LikelyMeaning {
    /// A port, as in `3000`, `:3000` and `http://localhost:3000`.
    Port(Port),
    /// A number that is not a port, as in `70000`.
    Number,
    /// A range of ports, as in `3000-3010`.
    Range,
    /// Other names, as in `web,api` and `web=true`. There may be none, as in `,`.
    Services(Vec<String>),
    /// A service and a port, as in `web=5173` and `web:5173`.
    ServiceAndPort(String, Port),
    /// A service key, as in `shop/main/web`. Only for plain words.
    Key([String; 3]),
    /// All services, as in `all`. Only for plain words.
    All,
    /// An address without a port, as in `localhost` and `https://example.com`.
    Address,
    /// A path, as in `.` and `./web`.
    Path,
}

/// The names of this machine.
const HOSTS: [&str; 5] = ["localhost", "127.0.0.1", "0.0.0.0", "[::1]", "[::]"];

/// The plain words that mean all services.
const ALL: [&str; 2] = ["all", "*"];

/// Returns the likely meaning of a plain word, or `None` if it is the name of a service. Unlike in names, a blank
/// separates services: shells pass several words as one if they are quoted.
pub(crate) fn meaning_of_word(word: &str) -> Option<LikelyMeaning> {
    if ALL.contains(&word) {
        return Some(LikelyMeaning::All);
    }
    likely_meaning(word).or_else(|| {
        let parts: Vec<String> = word.split('/').map(str::to_owned).collect();
        if let Ok(key) = <[String; 3]>::try_from(parts)
            && key.iter().all(|it| !it.is_empty())
        {
            return Some(LikelyMeaning::Key(key));
        }
        let names: Vec<String> = word.split_whitespace().map(str::to_owned).collect();
        (names.len() > 1).then_some(LikelyMeaning::Services(names))
    })
}

/// Returns the port that a word stands for, as `3000` and `:3000` do.
pub(crate) fn port_of(word: &str) -> Option<Port> {
    match likely_meaning(word) {
        Some(LikelyMeaning::Port(port)) => Some(port),
        _ => None,
    }
}

/// Returns the likely meaning of a word, or `None` if it may well be the name of a service.
pub(crate) fn likely_meaning(word: &str) -> Option<LikelyMeaning> {
    let word = word.trim();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    if is_number(word) {
        return Some(match word.parse() {
            Ok(port) => LikelyMeaning::Port(port),
            Err(_) => LikelyMeaning::Number,
        });
    }
    // As in `+3000` and `3000/tcp`.
    let number = word.strip_prefix('+').unwrap_or(word);
    let number = number
        .strip_suffix("/tcp")
        .or_else(|| number.strip_suffix("/udp"))
        .unwrap_or(number);
    if let (true, Ok(port)) = (is_number(number), number.parse()) {
        return Some(LikelyMeaning::Port(port));
    }
    if let Some(port) = port_of_address(word) {
        return Some(LikelyMeaning::Port(port));
    }
    if HOSTS.contains(&word) || word.contains("://") {
        return Some(LikelyMeaning::Address);
    }
    let is_bound = |text: &str| text.is_empty() || is_number(text);
    if word
        .split_once('-')
        .is_some_and(|(first, last)| is_number(first) && is_bound(last))
    {
        return Some(LikelyMeaning::Range);
    }
    if word.starts_with(['.', '/', '~']) || word.ends_with('/') {
        return Some(LikelyMeaning::Path);
    }
    if word == "-" {
        return Some(LikelyMeaning::Services(Vec::new()));
    }
    let names = |separator: &[char]| -> Vec<String> {
        let parts = word.split(separator).map(str::trim);
        parts
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect()
    };
    if word.contains(',') {
        return Some(LikelyMeaning::Services(names(&[','])));
    }
    if let Some((name, value)) = word.split_once('=') {
        let name = name.trim().to_owned();
        return Some(match value.trim().parse() {
            Ok(port) if name.is_empty() => LikelyMeaning::Port(port),
            Ok(port) => LikelyMeaning::ServiceAndPort(name, port),
            Err(_) if name.is_empty() => LikelyMeaning::Services(Vec::new()),
            Err(_) => LikelyMeaning::Services(vec![name]),
        });
    }
    let (name, port) = word.rsplit_once(':')?;
    let port = port.parse().ok()?;
    Some(LikelyMeaning::ServiceAndPort(name.to_owned(), port))
}

/// Returns the port of an address on this machine: `:3000`, `localhost:3000`, or a URL with a port.
fn port_of_address(word: &str) -> Option<Port> {
    let (is_url, address) = match word.split_once("://") {
        Some((_, rest)) => (true, rest.split('/').next()?),
        None => (false, word.strip_suffix('/').unwrap_or(word)),
    };
    let (host, port) = address.rsplit_once(':')?;
    let is_local = host.is_empty() || host == "*" || HOSTS.contains(&host);
    (is_url || is_local).then(|| port.parse().ok())?
}

#[cfg(test)]
mod tests {
    use port_registry::Port;

    use super::{LikelyMeaning, likely_meaning, meaning_of_word};

    #[test]
    fn words_that_are_no_names_are_recognized() {
        let port = |port| Port::new(port).unwrap();
        let services = |names: &[&str]| {
            LikelyMeaning::Services(names.iter().map(|&it| it.to_owned()).collect())
        };
        let with_port = |name: &str, it| LikelyMeaning::ServiceAndPort(name.to_owned(), port(it));
        for (word, expected) in [
            ("3000", LikelyMeaning::Port(port(3000))),
            (" 3000 ", LikelyMeaning::Port(port(3000))),
            (":3000", LikelyMeaning::Port(port(3000))),
            ("+3000", LikelyMeaning::Port(port(3000))),
            ("3000/tcp", LikelyMeaning::Port(port(3000))),
            ("localhost:3000", LikelyMeaning::Port(port(3000))),
            ("[::1]:3000", LikelyMeaning::Port(port(3000))),
            ("http://localhost:3000/a", LikelyMeaning::Port(port(3000))),
            ("70000", LikelyMeaning::Number),
            ("0", LikelyMeaning::Number),
            ("99999999999999999999", LikelyMeaning::Number),
            ("3000-3010", LikelyMeaning::Range),
            ("web,api", services(&["web", "api"])),
            ("web, api,", services(&["web", "api"])),
            (",", services(&[])),
            ("web=5173", with_port("web", 5173)),
            ("web:5173", with_port("web", 5173)),
            ("=5173", LikelyMeaning::Port(port(5173))),
            ("web=true", services(&["web"])),
            ("=", services(&[])),
            (".", LikelyMeaning::Path),
            ("../web", LikelyMeaning::Path),
            ("web/", LikelyMeaning::Path),
            (".env", LikelyMeaning::Path),
            ("-", services(&[])),
            ("3000-", LikelyMeaning::Range),
            ("localhost", LikelyMeaning::Address),
            ("127.0.0.1", LikelyMeaning::Address),
            ("https://example.com", LikelyMeaning::Address),
            ("/home/me", LikelyMeaning::Path),
        ] {
            assert_eq!(likely_meaning(word), Some(expected), "{word}");
        }
    }

    #[test]
    fn plain_words_have_more_meanings_than_names() {
        let key = ["shop", "main", "web"].map(str::to_owned);
        assert_eq!(
            meaning_of_word("shop/main/web"),
            Some(LikelyMeaning::Key(key))
        );
        assert_eq!(meaning_of_word("all"), Some(LikelyMeaning::All));
        let services = ["web", "api"].map(str::to_owned).to_vec();
        assert_eq!(
            meaning_of_word("web api"),
            Some(LikelyMeaning::Services(services))
        );
        for word in ["@scope/web", "a//c", "a/b/c/d", "web", ""] {
            assert_eq!(meaning_of_word(word), None, "{word}");
        }
    }

    #[test]
    fn unusual_names_are_names() {
        for word in [
            "web",
            "dev:web",
            "@scope/web",
            "web-443",
            "3d",
            "3d viewer",
            "web.v2",
            "caf\u{e9}",
            "-web",
            "a:99999",
            "",
        ] {
            assert_eq!(likely_meaning(word), None, "{word}");
        }
    }
}
