//! Tables that fit the terminal.

use std::borrow::Cow;
use std::io;

use port_registry::{AllocationStatus, Timestamp};
use prettytable::format::FormatBuilder;
use prettytable::{Row, Table};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::age::age;
use super::print::print_lines;
use super::terminal::{self, Stream, Style};
use super::visible::visible;
use super::wording;

/// Spaces between two columns.
const GAP: usize = 2;
/// Width down to which names are shortened before columns are left out.
const SHORT: usize = 8;
/// Width down to which names are shortened at all: a letter and an ellipsis.
const SHORTEST: usize = 2;

/// The columns of a table.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) headings: &'static [&'static str],
    /// The indices of the columns that may be shortened.
    pub(crate) names: &'static [usize],
    /// The number of columns that are always shown. The others are left out of a narrow table.
    pub(crate) needed: usize,
}

const ALLOCATIONS: Columns = Columns {
    headings: &[
        "ID", "APP", "INSTANCE", "SERVICE", "PORT", "STATE", "CREATED",
    ],
    names: &[1, 2, 3],
    needed: 5,
};

/// Renders a table of allocations. If the current time is given, their times are shown as ages.
fn allocation_table(
    allocations: &[AllocationStatus],
    width: Option<usize>,
    now: Option<Timestamp>,
) -> io::Result<String> {
    let rows: Vec<Vec<Cow<str>>> = allocations.iter().map(|it| cells(it, now)).collect();
    ALLOCATIONS.render(&rows, width)
}

fn cells(status: &AllocationStatus, now: Option<Timestamp>) -> Vec<Cow<'_, str>> {
    let allocation = &status.allocation;
    let (key, created) = (&allocation.key, allocation.created_at);
    vec![
        Cow::from(allocation.id.to_string()),
        visible(key.app()),
        visible(key.instance()),
        visible(key.service()),
        Cow::from(allocation.port.to_string()),
        Cow::from(status.state.to_string()),
        Cow::from(now.map_or_else(|| created.to_string(), |now| age(created, now))),
    ]
}

impl Columns {
    /// Renders the table, with a line end after each row. It is no wider than `width`, if that is possible.
    fn render(&self, rows: &[Vec<Cow<str>>], width: Option<usize>) -> io::Result<String> {
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

    /// Fits the columns into `width`: shortens the longest names, and then leaves out the columns that are not
    /// needed, from the last one on.
    fn fitted(&self, mut widths: Vec<usize>, width: usize) -> Vec<usize> {
        self.shorten_names(&mut widths, width, SHORT);
        while total(&widths) > width && widths.len() > self.needed {
            widths.pop();
            self.shorten_names(&mut widths, width, SHORT);
        }
        self.shorten_names(&mut widths, width, SHORTEST);
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

/// Makes a row of the columns that have a width.
fn row(cells: &[Cow<str>], widths: &[usize]) -> Row {
    let cells = cells.iter().zip(widths);
    cells.map(|(cell, &width)| shortened(cell, width)).collect()
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * (widths.len() - 1)
}

/// Shortens a text to `width` columns, with an ellipsis.
fn shortened(text: &str, width: usize) -> Cow<'_, str> {
    const ELLIPSIS: char = '…';
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
    short.push(ELLIPSIS);
    Cow::from(short)
}

/// Prints a table of allocations. On a terminal, it is no wider than that, and shows ages.
pub(crate) fn print_allocations(allocations: &[AllocationStatus]) -> io::Result<()> {
    let now = terminal::is_terminal(Stream::Stdout).then(Timestamp::now);
    let table = allocation_table(allocations, terminal::width(Stream::Stdout), now)?;
    print_under_heading(&table)
}

/// Prints a table of allocations like [`print_allocations`], with the path of each checkout above its allocations. Those
/// without a checkout come last.
pub(crate) fn print_by_checkout(allocations: &[AllocationStatus]) -> io::Result<()> {
    let mut sorted = allocations.to_vec();
    sorted.sort_by(|one, other| {
        let place = |it: &AllocationStatus| {
            let allocation = &it.allocation;
            (
                allocation.dir.is_none(),
                allocation.dir.clone(),
                allocation.id,
            )
        };
        place(one).cmp(&place(other))
    });
    let now = terminal::is_terminal(Stream::Stdout).then(Timestamp::now);
    let table = allocation_table(&sorted, terminal::width(Stream::Stdout), now)?;
    let mut lines = table.lines();
    let mut text = format!("{}\n", lines.next().unwrap_or_default());
    let mut group = None;
    for (status, line) in sorted.iter().zip(lines) {
        let checkout = wording::checkout(&status.allocation);
        if group != Some(checkout) {
            group = Some(checkout);
            let heading = if checkout.is_empty() {
                Cow::from("(no checkout)")
            } else {
                visible(checkout)
            };
            text = format!("{text}{heading}\n");
        }
        text = format!("{text}{line}\n");
    }
    print_under_heading(&text)
}

/// Prints a table, no wider than the terminal.
pub(crate) fn print_rows(columns: &Columns, rows: &[Vec<Cow<str>>]) -> io::Result<()> {
    print_under_heading(&columns.render(rows, terminal::width(Stream::Stdout))?)
}

fn print_under_heading(text: &str) -> io::Result<()> {
    let (heading, rows) = text.split_once('\n').unwrap_or((text, ""));
    let heading = terminal::styled(Stream::Stdout, Style::Heading, heading);
    print_lines(&format!("{heading}\n{rows}"))
}

#[cfg(test)]
mod tests {
    use port_registry::AllocationStatus;
    use unicode_width::UnicodeWidthStr;

    use super::{allocation_table, shortened};

    fn allocations() -> Vec<AllocationStatus> {
        serde_json::from_value(serde_json::json!([
            {"id": 1, "app": "shop", "instance": "main", "service": "web", "port": 3000,
             "state": "up", "url": "", "created_at": "2026-11-24T12:00:00Z"},
            {"id": 12345, "app": "日本語のプロジェクト名", "port": 65535,
             "instance": "feature-a-name-that-goes-on-and-on-and-on", "service": "po\u{202e}stgres",
             "state": "foreign", "url": "", "created_at": "2026-11-24T12:00:01Z"},
        ]))
        .unwrap()
    }

    #[test]
    fn table_without_a_width_shortens_nothing() {
        let table = allocation_table(&allocations(), None, None).unwrap();
        for part in [
            "feature-a-name-that-goes-on-and-on-and-on",
            "日本語のプロジェクト名",
            "12:00:01Z",
        ] {
            assert!(table.contains(part), "{table}");
        }
    }

    #[test]
    fn table_is_no_wider_than_the_terminal() {
        for width in 25..=140 {
            let table = allocation_table(&allocations(), Some(width), None).unwrap();
            let widest = table.lines().map(UnicodeWidthStr::width).max().unwrap();
            assert!(widest <= width, "{width}:\n{table}");
            // The id and the port are always shown, because commands take them.
            assert!(
                table.contains("12345") && table.contains("65535"),
                "{table}"
            );
            assert_eq!(table.contains("STATE"), width >= 51, "{width}:\n{table}");
            assert_eq!(table.contains("CREATED"), width >= 73, "{width}:\n{table}");
        }
    }

    #[test]
    fn table_with_the_current_time_shows_ages() {
        let now = "2026-11-24T14:00:01Z".parse().ok();
        let table = allocation_table(&allocations(), Some(80), now).unwrap();
        assert!(
            table.lines().skip(1).all(|row| row.ends_with("  2 h ago")),
            "{table}"
        );
    }

    #[test]
    fn text_is_shortened_only_if_it_is_too_wide() {
        assert_eq!(shortened("main", 4), "main");
        assert_eq!(shortened("main2", 4), "mai…");
        // A letter of two columns does not fit into one.
        assert_eq!(shortened("日本語", 4), "日…");
        assert_eq!(shortened("日本語", 5), "日本…");
    }
}
