//! The checkout that a command is about, and the labels that its user typed.

mod compose_variables;
mod declared;
mod here;
mod labels;
mod marks;
mod others;
mod services;
mod typed_labels;

pub(crate) use self::compose_variables::compose_variables;
pub(crate) use self::here::{Here, current_folder};
pub(crate) use self::marks::with_marks;
pub(crate) use self::typed_labels::TypedLabels;
