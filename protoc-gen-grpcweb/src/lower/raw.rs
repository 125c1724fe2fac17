//! Descriptors as `protoc` wrote them, byte for byte: what `prost_types` would read and write again
//! loses what it does not know, editions and custom options among it.

use bytes::Buf;
use prost::Message;
use prost::encoding::{DecodeContext, WireType, decode_key, encode_key, encode_varint, skip_field};

/// The field of a `FileDescriptorProto` that holds comments and positions.
const SOURCE_CODE_INFO: u32 = 9;

/// The field of a `FileDescriptorSet` that holds a file.
const FILE: u32 = 1;

/// The files of a `FileDescriptorSet`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct FileSet {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub(super) files: Vec<Vec<u8>>,
}

/// The files of a `CodeGeneratorRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Request {
    #[prost(bytes = "vec", repeated, tag = "15")]
    pub(super) files: Vec<Vec<u8>>,
}

/// An encoded `FileDescriptorSet` of the files, without their comments.
pub(super) fn set_without_comments(files: &[Vec<u8>]) -> Result<Vec<u8>, prost::DecodeError> {
    let mut set = Vec::new();
    for file in files {
        let file = without(file, SOURCE_CODE_INFO)?;
        encode_key(FILE, WireType::LengthDelimited, &mut set);
        encode_varint(u64::try_from(file.len()).unwrap_or(u64::MAX), &mut set);
        set.extend(file);
    }
    Ok(set)
}

/// A message without one of its fields.
fn without(message: &[u8], field: u32) -> Result<Vec<u8>, prost::DecodeError> {
    let mut kept = Vec::with_capacity(message.len());
    let mut rest = message;
    while rest.has_remaining() {
        let start = rest;
        let (tag, wire_type) = decode_key(&mut rest)?;
        skip_field(wire_type, tag, &mut rest, DecodeContext::default())?;
        if tag != field {
            kept.extend_from_slice(start.get(..start.len() - rest.len()).unwrap_or_default());
        }
    }
    Ok(kept)
}
