//! The change of one command line.

/// Stands for the port in added words.
pub(super) const PORT: &str = "{port}";

/// Words that are added to a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Insertion {
    pub(super) at: usize,
    /// The words, with [`PORT`].
    pub(super) words: Vec<String>,
    /// The port that the server has without them.
    pub(super) default_port: u16,
}

impl Insertion {
    pub(super) fn words_with(&self, port: &str) -> impl Iterator<Item = String> {
        self.words.iter().map(move |word| word.replace(PORT, port))
    }

    /// Returns the line that gets its port from the environment, and has its default without.
    pub(super) fn advice(&self, words: &[&str]) -> String {
        let port = format!("${{PORT:-{}}}", self.default_port);
        let mut advice: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        advice.splice(self.at..self.at, self.words_with(&port));
        advice.join(" ")
    }
}

/// The change of a command line, which is empty unless it starts a known server.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub(super) insertion: Option<Insertion>,
    pub(super) variables: Vec<(&'static str, String)>,
    pub(super) notes: Vec<String>,
    pub(super) is_server: bool,
}

impl Plan {
    pub(super) fn note(text: String) -> Plan {
        Plan {
            notes: vec![text],
            ..Plan::default()
        }
    }

    /// Tells command lines that start a known server.
    pub(super) fn has_server(&self) -> bool {
        self.is_server || self.insertion.is_some()
    }
}
