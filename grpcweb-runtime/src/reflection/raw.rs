//! Descriptors as they were encoded: what `prost_types` would read and write again loses what it does not
//! know, custom options and what editions add among it.

use bytes::{Buf, Bytes};
use prost::encoding::{DecodeContext, WireType, decode_key, skip_field};
use prost::{DecodeError, Message};

/// The fields of a `FileDescriptorProto` with a service, and with comments and positions.
const SERVICE: u32 = 6;
const SOURCE_CODE_INFO: u32 = 9;

#[derive(Clone, PartialEq, Message)]
struct FileSet {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    files: Vec<Bytes>,
}

/// What there is of a `ServiceDescriptorProto` in its field of the file.
#[derive(Clone, PartialEq, Message)]
struct Service {
    #[prost(message, optional, tag = "6")]
    service: Option<Named>,
}

#[derive(Clone, PartialEq, Message)]
struct Named {
    #[prost(string, optional, tag = "1")]
    name: Option<String>,
}

/// The files of a `FileDescriptorSet`.
pub(super) fn files(set: Bytes) -> Result<Vec<Bytes>, DecodeError> {
    Ok(FileSet::decode(set)?.files)
}

/// A file without its comments: what has to be the same in two sets.
pub(super) fn without_comments(file: &[u8]) -> Result<Vec<u8>, DecodeError> {
    without(file, |field, _| Ok(field == SOURCE_CODE_INFO))
}

/// A file without one of its services, and without its comments, whose positions count services.
pub(super) fn without_service(file: &[u8], name: &str) -> Result<Vec<u8>, DecodeError> {
    without(file, |field, bytes| match field {
        SERVICE => {
            let service = Service::decode(bytes)?.service;
            let own = service.and_then(|service| service.name);
            Ok(own.as_deref() == Some(name))
        }
        field => Ok(field == SOURCE_CODE_INFO),
    })
}

/// A message without some of its fields, each of which is shown with its key.
fn without(
    message: &[u8],
    is_left_out: impl Fn(u32, &[u8]) -> Result<bool, DecodeError>,
) -> Result<Vec<u8>, DecodeError> {
    let mut kept = Vec::with_capacity(message.len());
    let mut rest = message;
    while rest.has_remaining() {
        let start = rest;
        let (field, wire_type): (u32, WireType) = decode_key(&mut rest)?;
        skip_field(wire_type, field, &mut rest, DecodeContext::default())?;
        let bytes = start.get(..start.len() - rest.len()).unwrap_or_default();
        if !is_left_out(field, bytes)? {
            kept.extend_from_slice(bytes);
        }
    }
    Ok(kept)
}
