//! Tables that fit the terminal.

use std::borrow::Cow;
use std::io;

use port_registry::Allocation;
use prettytable::format::FormatBuilder;
use prettytable::{Row, Table};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::print::print;
use super::terminal::{self, Stream, Style};
use super::visible::visible;

/// Columns between columns.
const GAP: usize = 2;
/// How short names may get before something is left out.
const SHORT: usize = 8;
/// How short they may get at all: a letter, and the mark that there are more.
const SHORTEST: usize = 2;

/// What is in the columns of a table.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) headings: &'static [&'static str],
    /// Those that may be shortened.
    pub(crate) names: &'static [usize],
    /// The last ones, from this one on, are left out where there is little room.
    pub(crate) needed: usize,
}

const ALLOCATIONS: Columns = Columns {
    headings: &["ID", "APP", "INSTANCE", "SERVICE", "PORT", "CREATED"],
    names: &[1, 2, 3],
    needed: 5,
};

/// A table of allocations.
pub(crate) fn of(allocations: &[Allocation], width: Option<usize>) -> io::Result<String> {
    let rows: Vec<Vec<Cow<str>>> = allocations.iter().map(cells).collect();
    ALLOCATIONS.table(&rows, width)
}

fn cells(allocation: &Allocation) -> Vec<Cow<'_, str>> {
    let key = &allocation.key;
    vec![
        Cow::from(allocation.id.to_string()),
        visible(key.app()),
        visible(key.instance()),
        visible(key.service()),
        Cow::from(allocation.port.to_string()),
        Cow::from(allocation.created_at.to_string()),
    ]
}

impl Columns {
    /// The table, with a line end after each row. It is not wider than `width`, if that is possible.
    pub(crate) fn table(&self, rows: &[Vec<Cow<str>>], width: Option<usize>) -> io::Result<String> {
        let widths = match width {
            Some(width) => self.fitted(self.natural_widths(rows), width),
            None => vec![usize::MAX; self.headings.len()],
        };
        let headings: Vec<Cow<str>> = self.headings.iter().copied().map(Cow::from).collect();
        let mut table = Table::new();
        table.set_format(FormatBuilder::new().padding(0, GAP).build());
        table.add_row(row(&headings, &widths));
        for cells in rows {
            table.add_row(row(cells, &widths));
        }
        let mut text = Vec::new();
        table.print(&mut text)?;
        let mut lines = String::with_capacity(text.len());
        for line in String::from_utf8_lossy(&text).lines() {
            lines.extend([line.trim_end(), "\n"]);
        }
        Ok(lines)
    }

    fn natural_widths(&self, rows: &[Vec<Cow<str>>]) -> Vec<usize> {
        let columns = self.headings.iter().enumerate();
        columns
            .map(|(column, heading)| {
                let cells = rows.iter().map(|row| row[column].width());
                cells.fold(heading.width(), usize::max)
            })
            .collect()
    }

    /// Widths that fit: the longest names are shortened, and if that does not do, the columns that are
    /// not needed are left out.
    fn fitted(&self, mut widths: Vec<usize>, width: usize) -> Vec<usize> {
        self.shorten_names(&mut widths, width, SHORT);
        if total(&widths) > width {
            widths.truncate(self.needed);
            self.shorten_names(&mut widths, width, SHORTEST);
        }
        widths
    }

    fn shorten_names(&self, widths: &mut [usize], width: usize, shortest: usize) {
        while total(widths) > width {
            let names = self.names.iter().copied().filter(|&it| it < widths.len());
            match names.max_by_key(|&column| widths[column]) {
                Some(column) if widths[column] > shortest => widths[column] -= 1,
                _ => return,
            }
        }
    }
}

/// The cells of the columns that there is room for.
fn row(cells: &[Cow<str>], widths: &[usize]) -> Row {
    let cells = cells.iter().zip(widths);
    cells.map(|(cell, &width)| shortened(cell, width)).collect()
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * (widths.len() - 1)
}

/// As much of the text as there is room for.
fn shortened(text: &str, width: usize) -> Cow<'_, str> {
    const MORE: char = '…';
    if text.width() <= width {
        return Cow::from(text);
    }
    let mut taken = 1;
    let mut short: String = text
        .chars()
        .take_while(|c| {
            taken += c.width().unwrap_or(0);
            taken <= width
        })
        .collect();
    short.push(MORE);
    Cow::from(short)
}

/// Prints allocations as a table to standard output, as wide as the terminal at most.
pub(crate) fn print_table(allocations: &[Allocation]) -> io::Result<()> {
    print_under_heading(&of(allocations, terminal::width())?)
}

/// The same, of other things.
pub(crate) fn print_rows(columns: &Columns, rows: &[Vec<Cow<str>>]) -> io::Result<()> {
    print_under_heading(&columns.table(rows, terminal::width())?)
}

fn print_under_heading(text: &str) -> io::Result<()> {
    let (heading, rows) = text.split_once('\n').unwrap_or((text, ""));
    let heading = terminal::styled(Stream::Stdout, Style::Heading, heading);
    print(&format!("{heading}\n{rows}"))
}

#[cfg(test)]
mod tests {
    use port_registry::Allocation;
    use unicode_width::UnicodeWidthStr;

    use super::{of, shortened};

    fn allocations() -> Vec<Allocation> {
        serde_json::from_value(serde_json::json!([
            {"id": 1, "app": "shop", "instance": "main", "service": "web", "port": 3000,
             "created_at": "2026-11-24T12:00:00Z"},
            {"id": 12345, "app": "日本語のプロジェクト名", "port": 65535,
             "instance": "feature-a-name-that-goes-on-and-on-and-on", "service": "po\u{202e}stgres",
             "created_at": "2026-11-24T12:00:01Z"},
        ]))
        .unwrap()
    }

    #[test]
    fn without_a_terminal_all_is_told() {
        let table = of(&allocations(), None).unwrap();
        for part in [
            "feature-a-name-that-goes-on-and-on-and-on",
            "日本語のプロジェクト名",
            "12:00:01Z",
        ] {
            assert!(table.contains(part), "{table}");
        }
    }

    #[test]
    fn it_is_as_wide_as_the_terminal_at_most() {
        for width in 25..=140 {
            let table = of(&allocations(), Some(width)).unwrap();
            let widest = table.lines().map(UnicodeWidthStr::width).max().unwrap();
            assert!(widest <= width, "{width}:\n{table}");
            // What is needed to do something about an allocation is always there.
            assert!(
                table.contains("12345") && table.contains("65535"),
                "{table}"
            );
            assert_eq!(table.contains("CREATED"), width >= 64, "{width}:\n{table}");
        }
    }

    #[test]
    fn what_is_short_enough_stays_whole() {
        assert_eq!(shortened("main", 4), "main");
        assert_eq!(shortened("main2", 4), "mai…");
        // A letter that takes two columns is left out where there is one left.
        assert_eq!(shortened("日本語", 4), "日…");
        assert_eq!(shortened("日本語", 5), "日本…");
    }
}
