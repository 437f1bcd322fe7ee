//! Everything that portctl prints.

mod failure;
mod print;
mod table;
mod terminal;
mod visible;
pub(crate) mod wording;

pub(crate) use self::failure::{MOST, fail, remarks, usage, usage_help};
pub(crate) use self::print::{print, print_json, remark};
pub(crate) use self::table::{Columns, print_rows, print_table};
pub(crate) use self::terminal::{Stream, Style, styled};
pub(crate) use self::visible::{json, visible};
