//! The layout of a manual page, after man-pages(7).

use roff::{Inline, Roff, bold, italic, roman};

/// A manual page that is being written.
pub(crate) struct Page {
    name: String,
    section: char,
    roff: Roff,
}

impl Page {
    /// Begins a page of a section of the manual. The purpose is a few words, without a full stop.
    pub(crate) fn new(name: &str, section: char, purpose: &str, date: &str) -> Page {
        let version = concat!("port-registry ", env!("CARGO_PKG_VERSION"));
        let mut roff = Roff::new();
        let title = name.to_uppercase();
        roff.control("TH", [&title, &section.to_string(), date, version]);
        // Do not hyphenate, so that searches find words and options.
        roff.control("nh", []);
        roff.control("ad", ["l"]);
        let mut page = Page {
            name: name.to_owned(),
            section,
            roff,
        };
        page.section("NAME");
        page.text([roman(format!("{name} - {}", purpose.replace('`', "")))]);
        page
    }

    /// The path of the page in a folder such as `/usr/share/man`.
    pub(crate) fn path(&self) -> String {
        let Page { name, section, .. } = self;
        format!("man{section}/{name}.{section}")
    }

    pub(crate) fn render(&self) -> String {
        self.roff.render()
    }

    pub(crate) fn section(&mut self, title: &str) {
        self.roff.control("SH", [title]);
    }

    pub(crate) fn subsection(&mut self, title: &str) {
        self.roff.control("SS", [title]);
    }

    pub(crate) fn text(&mut self, text: impl Into<Vec<Inline>>) {
        self.roff.text(text);
    }

    pub(crate) fn paragraph(&mut self, text: &str) {
        self.roff.control("PP", []);
        self.text(marked_up(text));
    }

    pub(crate) fn paragraphs(&mut self, texts: &[&str]) {
        for text in texts {
            self.paragraph(text);
        }
    }

    /// A tagged paragraph: a term and its description.
    pub(crate) fn entry(&mut self, head: impl Into<Vec<Inline>>, body: &str) {
        self.roff.control("TP", []);
        self.text(head);
        self.text(marked_up(body));
    }

    /// Paths and their descriptions.
    pub(crate) fn files(&mut self, files: &[(&str, &str)]) {
        self.section("FILES");
        for (file, meaning) in files {
            self.entry([italic(*file)], meaning);
        }
    }

    /// Indented lines that keep their line breaks.
    pub(crate) fn verbatim<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) {
        let mut lines = lines.into_iter().peekable();
        if lines.peek().is_none() {
            return;
        }
        self.roff.control("PP", []);
        self.roff.control("RS", ["4"]);
        self.roff.control("nf", []);
        for line in lines {
            self.text([roman(line)]);
        }
        self.roff.control("fi", []);
        self.roff.control("RE", []);
    }

    /// Ends the page with the names of others, such as `portctl.toml(5)`.
    pub(crate) fn see_also(&mut self, others: &[impl AsRef<str>]) {
        self.section("SEE ALSO");
        let mut line = Vec::new();
        for (at, other) in others.iter().enumerate() {
            let other = other.as_ref();
            let end = other.find('(').unwrap_or(other.len());
            let comma = if at + 1 < others.len() { "," } else { "" };
            line.extend([bold(&other[..end]), roman(&other[end..]), roman(comma)]);
            line.push(roman("\n"));
        }
        line.pop();
        self.text(line);
    }
}

/// Sets the text between backticks in bold.
fn marked_up(text: &str) -> Vec<Inline> {
    let parts = text.split('`').enumerate();
    let parts = parts.filter(|(_, part)| !part.is_empty());
    parts
        .map(|(at, part)| if at % 2 == 1 { bold(part) } else { roman(part) })
        .collect()
}
