//! Everything that portctl prints.

mod print;
mod table;
mod terminal;
mod visible;
pub(crate) mod wording;

pub(crate) use self::print::{
    MOST, fail, finish, print, print_json, print_rows, print_table, remark, remarks, usage,
    usage_help,
};
pub(crate) use self::table::Columns;
pub(crate) use self::terminal::{Stream, Style, styled};
pub(crate) use self::visible::{json, visible};
