//! Tables of names and descriptions.

use crate::output::{labelled, wrapped};

/// Columns of a description beside its name. If there are fewer, it begins below.
const LEAST_DESCRIPTION: usize = 30;
/// A longer name has a line of its own.
const LONGEST_NAME: usize = 28;
/// The indentation of names, and the gap behind them.
const GAP: usize = 2;

/// Names and their descriptions, under a title.
#[derive(Debug)]
pub(super) struct HelpTable {
    pub(super) title: String,
    pub(super) rows: Vec<(String, &'static str)>,
}

impl HelpTable {
    pub(super) fn new(
        title: impl Into<String>,
        rows: impl Iterator<Item = (String, &'static str)>,
    ) -> HelpTable {
        HelpTable {
            title: title.into(),
            rows: rows.collect(),
        }
    }

    /// Formats the table, with a column of names that is `names` wide.
    fn text(&self, names: usize, width: usize) -> String {
        let below = GAP + names + GAP;
        let is_narrow = below + LEAST_DESCRIPTION > width;
        let rows = self.rows.iter().map(|(name, description)| {
            let beside = format!("{:GAP$}{name:<names$}{:GAP$}", "", "");
            if !is_narrow && name.len() <= names {
                return labelled(&beside, description, Some(width));
            }
            let indent = " ".repeat(if is_narrow { 4 * GAP } else { below });
            let description = labelled(&indent, description, Some(width));
            format!("{}\n{description}", beside.trim_end())
        });
        let title = wrapped(&self.title, Some(width));
        let lines: Vec<String> = [title].into_iter().chain(rows).collect();
        lines.join("\n")
    }
}

/// Formats the tables that are not empty, all with the same column of names.
pub(super) fn aligned(tables: &[HelpTable], width: usize) -> impl Iterator<Item = String> {
    let rows = tables.iter().flat_map(|table| &table.rows);
    let lengths = rows.map(|(name, _)| name.len());
    let names = lengths.filter(|length| *length <= LONGEST_NAME).max();
    let tables = tables.iter().filter(|table| !table.rows.is_empty());
    tables.map(move |table| table.text(names.unwrap_or(0), width))
}

#[cfg(test)]
mod tests {
    use super::{HelpTable, aligned};

    #[test]
    fn descriptions_are_beside_short_names_and_below_long_ones() {
        let long = "--a-flag-with-a-very-long-name";
        let rows = [("--all", "all of them"), (long, "this")];
        let rows = rows.map(|(name, text)| (name.to_owned(), text));
        let tables = [
            HelpTable::new("Options:", rows.into_iter()),
            HelpTable::new("Nothing:", std::iter::empty()),
        ];
        let text = |width| aligned(&tables, width).collect::<Vec<_>>();
        assert_eq!(
            text(80),
            [format!(
                "Options:\n  --all  all of them\n  {long}\n         this"
            )]
        );
        assert_eq!(
            text(38),
            [format!(
                "Options:\n  --all\n        all of them\n  {long}\n        this"
            )]
        );
    }
}
