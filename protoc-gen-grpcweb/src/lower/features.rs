//! What protobuf editions add to descriptors, and `prost_types` does not have: the edition of a file
//! and the features of everything in it. As in `google/protobuf/descriptor.proto`, as far as it is
//! used here.

use prost::Message;

/// A `FileDescriptorSet`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct FileSet {
    #[prost(message, repeated, tag = "1")]
    pub(crate) files: Vec<File>,
}

/// A `CodeGeneratorRequest`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Request {
    #[prost(message, repeated, tag = "15")]
    pub(crate) files: Vec<File>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct File {
    #[prost(message, repeated, tag = "4")]
    pub(crate) messages: Vec<MessageType>,
    #[prost(message, optional, tag = "8")]
    pub(crate) options: Option<FileOptions>,
    #[prost(int32, tag = "14")]
    pub(crate) edition: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct FileOptions {
    #[prost(message, optional, tag = "50")]
    pub(crate) features: Option<FeatureSet>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct MessageType {
    #[prost(message, repeated, tag = "2")]
    pub(crate) fields: Vec<Field>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) nested: Vec<MessageType>,
    #[prost(message, optional, tag = "7")]
    pub(crate) options: Option<MessageOptions>,
    #[prost(message, repeated, tag = "8")]
    pub(crate) oneofs: Vec<Oneof>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct MessageOptions {
    #[prost(message, optional, tag = "12")]
    pub(crate) features: Option<FeatureSet>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Field {
    #[prost(message, optional, tag = "8")]
    pub(crate) options: Option<FieldOptions>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct FieldOptions {
    #[prost(message, optional, tag = "21")]
    pub(crate) features: Option<FeatureSet>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Oneof {
    #[prost(message, optional, tag = "2")]
    pub(crate) options: Option<OneofOptions>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct OneofOptions {
    #[prost(message, optional, tag = "1")]
    pub(crate) features: Option<FeatureSet>,
}

/// Those features that change what prost generates. Of the others, an open and a closed enum are the
/// same `i32` field in prost, a string is UTF-8 always, and the JSON format and naming styles do not
/// concern it.
#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct FeatureSet {
    #[prost(enumeration = "Presence", optional, tag = "1")]
    presence: Option<i32>,
    #[prost(enumeration = "RepeatedEncoding", optional, tag = "3")]
    repeated_encoding: Option<i32>,
    #[prost(enumeration = "MessageEncoding", optional, tag = "5")]
    message_encoding: Option<i32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub(crate) enum Presence {
    Unknown = 0,
    Explicit = 1,
    Implicit = 2,
    LegacyRequired = 3,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub(crate) enum RepeatedEncoding {
    Unknown = 0,
    Packed = 1,
    Expanded = 2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub(crate) enum MessageEncoding {
    Unknown = 0,
    LengthPrefixed = 1,
    Delimited = 2,
}

/// The features that hold at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Features {
    pub(crate) presence: Presence,
    pub(crate) repeated_encoding: RepeatedEncoding,
    pub(crate) message_encoding: MessageEncoding,
}

impl Features {
    /// The defaults of editions 2023 and 2024, which are the same for these features.
    pub(crate) const DEFAULT: Self = Self {
        presence: Presence::Explicit,
        repeated_encoding: RepeatedEncoding::Packed,
        message_encoding: MessageEncoding::LengthPrefixed,
    };

    /// What holds further in, where `set` is said.
    pub(crate) fn with(mut self, set: Option<FeatureSet>) -> Self {
        let Some(set) = set else { return self };
        match set.presence() {
            Presence::Unknown => {}
            presence => self.presence = presence,
        }
        match set.repeated_encoding() {
            RepeatedEncoding::Unknown => {}
            encoding => self.repeated_encoding = encoding,
        }
        match set.message_encoding() {
            MessageEncoding::Unknown => {}
            encoding => self.message_encoding = encoding,
        }
        self
    }
}
