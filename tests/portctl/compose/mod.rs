//! `portctl compose` with the real Docker Compose. tests/compose has the projects.

mod checkouts;
mod compared;
mod difference;
mod project;
mod projects;
