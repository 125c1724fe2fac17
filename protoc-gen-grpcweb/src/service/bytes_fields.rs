//! The fields of bytes that messages have: a server sends large ones without copying them.

use std::collections::HashMap;

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

/// By the full names of messages, with a dot before them.
pub(super) struct BytesFields(HashMap<String, Vec<BytesField>>);

/// A field with one value, be it there or not.
pub(super) struct BytesField {
    pub(super) number: u32,
    /// The name in the `.proto` file.
    pub(super) name: String,
}

impl BytesFields {
    pub(super) fn of(files: &[FileDescriptorProto]) -> Self {
        let mut fields = Self(HashMap::new());
        for file in files {
            let scope = match file.package() {
                "" => String::new(),
                package => format!(".{package}"),
            };
            fields.add(&scope, &file.message_type);
        }
        fields
    }

    fn add(&mut self, scope: &str, messages: &[DescriptorProto]) {
        for message in messages {
            let name = format!("{scope}.{}", message.name());
            self.add(&name, &message.nested_type);
            let fields: Vec<_> = message.field.iter().filter_map(bytes_field).collect();
            if !fields.is_empty() {
                self.0.insert(name, fields);
            }
        }
    }

    pub(super) fn in_message(&self, name: &str) -> &[BytesField] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}

fn bytes_field(field: &FieldDescriptorProto) -> Option<BytesField> {
    let in_oneof = field.oneof_index.is_some() && !field.proto3_optional();
    if field.r#type() != Type::Bytes || field.label() == Label::Repeated || in_oneof {
        return None;
    }
    Some(BytesField {
        number: u32::try_from(field.number()).ok()?,
        name: field.name().to_owned(),
    })
}
