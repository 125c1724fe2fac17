//! Protobuf editions in terms of what prost-build knows: a file of an edition becomes one of proto3 in
//! which each field says for itself what the features would say for it.

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use super::features::{self, Features, MessageEncoding, Presence, RepeatedEncoding};
use super::is_map_entry;
use crate::Error;

const EDITION_2023: i32 = 1000;
const EDITION_2024: i32 = 1001;

/// The editions that are understood, from the first to the last.
pub(crate) const EDITIONS: (i32, i32) = (EDITION_2023, EDITION_2024);

/// Rewrites `file`, whose edition and features are in `raw`. Files of proto2 and proto3 stay as they
/// are.
pub(super) fn lower(file: &mut FileDescriptorProto, raw: &features::File) -> Result<(), Error> {
    if file.syntax() != "editions" {
        return Ok(());
    }
    if !(EDITIONS.0..=EDITIONS.1).contains(&raw.edition) {
        return Err(Error::new(format!(
            "{}: of protobuf's editions only 2023 and 2024 are supported",
            file.name()
        )));
    }
    let features = Features::DEFAULT.with(raw.options.as_ref().and_then(|o| o.features));
    for (message, raw) in file.message_type.iter_mut().zip(&raw.messages) {
        lower_message(message, raw, features);
    }
    file.syntax = Some("proto3".to_owned());
    Ok(())
}

fn lower_message(message: &mut DescriptorProto, raw: &features::MessageType, outer: Features) {
    let features = outer.with(raw.options.as_ref().and_then(|o| o.features));
    let map_entries: Vec<String> = message
        .nested_type
        .iter()
        .filter(|nested| is_map_entry(nested))
        .map(|nested| format!(".{}", nested.name()))
        .collect();
    let in_map_entry = is_map_entry(message);
    for (field, raw_field) in message.field.iter_mut().zip(&raw.fields) {
        let oneof = field
            .oneof_index
            .and_then(|index| raw.oneofs.get(usize::try_from(index).ok()?))
            .and_then(|oneof| oneof.options.as_ref()?.features);
        let own = raw_field.options.as_ref().and_then(|o| o.features);
        let mut features = features.with(oneof).with(own);
        let is_map = map_entries
            .iter()
            .any(|entry| field.type_name().ends_with(entry));
        if in_map_entry || is_map {
            // Maps have one encoding, whatever holds around them.
            features = Features::DEFAULT;
        }
        lower_field(field, features, in_map_entry);
    }
    for (nested, raw) in message.nested_type.iter_mut().zip(&raw.nested) {
        lower_message(nested, raw, features);
    }
}

fn lower_field(field: &mut FieldDescriptorProto, features: Features, in_map_entry: bool) {
    let is_message = field.r#type() == Type::Message;
    if is_message && features.message_encoding == MessageEncoding::Delimited {
        field.set_type(Type::Group);
    }
    match field.label() {
        Label::Repeated => {
            let packed = features.repeated_encoding == RepeatedEncoding::Packed;
            field.options.get_or_insert_default().packed = Some(packed);
        }
        Label::Optional if features.presence == Presence::LegacyRequired => {
            field.set_label(Label::Required);
        }
        Label::Optional | Label::Required => {
            let explicit = features.presence == Presence::Explicit || is_message;
            field.proto3_optional = Some(explicit && field.oneof_index.is_none() && !in_map_entry);
        }
    }
}
