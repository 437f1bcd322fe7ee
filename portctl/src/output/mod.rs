//! Everything that portctl prints.

mod age;
mod error;
mod print;
mod table;
mod terminal;
mod visible;
pub(crate) mod wording;
mod wrap;

pub(crate) use self::error::{MAX_REPORTS, fail, fail_usage, remark_reports};
pub(crate) use self::print::{
    note, print, print_json, print_lines, remark, remark_json, remark_lines,
};
pub(crate) use self::table::{Columns, print_allocations, print_by_checkout, print_rows};
pub(crate) use self::terminal::{Stream, Style, help_width, is_terminal, styled, width};
pub(crate) use self::visible::{json, visible};
pub(crate) use self::wrap::{indentation, labelled, wrapped};
