//! Comments, taken out of descriptors on the way in and put into the code on the way out.
//!
//! Only a mark goes through prost-build, which would rewrite the text and expects a location for
//! everything.

use std::collections::HashMap;
use std::ops::Range;

use prost_types::source_code_info::Location;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, SourceCodeInfo};

use crate::docs;

/// What stands in the code for a comment, before its number.
const MARK: &str = "grpcweb-comment-";

/// Comments as lines of documentation. All in one text, because a great many small ones are hard on the
/// allocator.
#[derive(Debug, Default)]
pub(crate) struct Comments {
    text: String,
    /// Where each begins and ends in it.
    ranges: Vec<Range<usize>>,
}

impl Comments {
    /// Takes the comments of a file.
    pub(super) fn take(&mut self, file: &mut FileDescriptorProto) {
        let info = file.source_code_info.take().unwrap_or_default();
        let old = info
            .location
            .iter()
            .map(|location| (location.path.as_slice(), location))
            .collect();
        let mut taking = Taking {
            old,
            new: Vec::new(),
            path: Vec::new(),
            comments: self,
        };
        taking.file(file);
        let location = taking.new;
        file.source_code_info = Some(SourceCodeInfo { location });
    }

    /// Puts the comments where their marks are in formatted code.
    pub(crate) fn put(&self, code: &str) -> String {
        let mut out = String::with_capacity(code.len());
        for line in code.lines() {
            match self.marked(line) {
                Some((indent, text)) => {
                    for doc in text.lines() {
                        out.push_str(indent);
                        out.push_str(if doc.is_empty() { "///" } else { "/// " });
                        out.push_str(doc);
                        out.push('\n');
                    }
                }
                None => {
                    out.push_str(line);
                    out.push('\n');
                }
            }
        }
        out
    }

    /// Adds a comment; its number.
    fn add(&mut self, lines: &[String]) -> usize {
        let start = self.text.len();
        for line in lines {
            self.text.push_str(line);
            self.text.push('\n');
        }
        self.ranges.push(start..self.text.len());
        self.ranges.len() - 1
    }

    fn marked<'a>(&self, line: &'a str) -> Option<(&'a str, &str)> {
        let doc = line.trim_start();
        let number = doc.strip_prefix("/// ")?.strip_prefix(MARK)?;
        let range = self.ranges.get(number.parse::<usize>().ok()?)?;
        let text = self.text.get(range.clone())?;
        let indent = line.get(..line.len() - doc.len())?;
        Some((indent, text))
    }
}

/// One file's comments on their way.
struct Taking<'a> {
    old: HashMap<&'a [i32], &'a Location>,
    new: Vec<Location>,
    path: Vec<i32>,
    comments: &'a mut Comments,
}

impl Taking<'_> {
    fn file(&mut self, file: &FileDescriptorProto) {
        self.each(4, &file.message_type, Self::message);
        self.each(5, &file.enum_type, Self::enumeration);
        self.each(6, &file.service, |this, service| {
            this.each(2, &service.method, |_, _| {});
        });
    }

    fn message(&mut self, message: &DescriptorProto) {
        self.each(2, &message.field, |_, _| {});
        self.each(3, &message.nested_type, Self::message);
        self.each(4, &message.enum_type, Self::enumeration);
        self.each(8, &message.oneof_decl, |_, _| {});
    }

    fn enumeration(&mut self, enumeration: &EnumDescriptorProto) {
        self.each(2, &enumeration.value, |_, _| {});
    }

    /// Does the same for each item of a repeated field of the descriptor, and for what is in it.
    fn each<T>(&mut self, field: i32, items: &[T], inner: impl Fn(&mut Self, &T)) {
        for (index, item) in (0..).zip(items) {
            self.path.extend([field, index]);
            self.here();
            inner(self, item);
            self.path.truncate(self.path.len() - 2);
        }
    }

    fn here(&mut self) {
        let old = self.old.get(self.path.as_slice());
        let text: Vec<&str> = old
            .into_iter()
            .flat_map(|old| [&old.leading_comments, &old.trailing_comments])
            .filter_map(|comment| comment.as_deref())
            .collect();
        let doc = docs::sanitize(&text.join("\n\n"));
        let mark = (!doc.is_empty()).then(|| format!("{MARK}{}", self.comments.add(&doc)));
        self.new.push(Location {
            path: self.path.clone(),
            leading_comments: mark,
            ..Location::default()
        });
    }
}
