//! The parsers and writers of the wire, as the benches call them. See README.md.

mod wire;

pub mod compression;
pub mod frames;
pub mod text;
pub mod trailers;
