//! Messages to bytes and back.

use bytes::{Bytes, BytesMut};
use prost::Message;

use crate::apart::{Apart, Parted};
use crate::format::Format;
use crate::wire::frame::{COMPRESSED, HEADER_LEN, put_frame, put_header};
use crate::wire::protocol::Protocol;
use crate::wire::text;
use crate::{BoxError, Status};

/// A way to write messages of a type. What a call does beside that is the same for all of them.
#[doc(hidden)]
pub trait Codec<T>: Send + Sync + 'static {
    /// The bytes that [`encode`](Self::encode) appends.
    fn encoded_len(message: &T) -> usize;

    /// Appends a message.
    fn encode(message: &T, buf: &mut BytesMut);

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// Where the bytes are none.
    fn decode(payload: Bytes) -> Result<T, BoxError>;
}

/// The protobuf format, by prost.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Prost;

impl<T: Message + Default> Codec<T> for Prost {
    fn encoded_len(message: &T) -> usize {
        message.encoded_len()
    }

    fn encode(message: &T, buf: &mut BytesMut) {
        message.encode_raw(buf);
    }

    fn decode(payload: Bytes) -> Result<T, BoxError> {
        T::decode(payload).map_err(Into::into)
    }
}

/// Turns the payload of a frame into a message.
pub(crate) type Decode<T> = fn(Bytes) -> Result<T, Status>;

/// Reads a message that a client sent.
pub(crate) fn decode_request<C: Codec<T>, T>(payload: Bytes) -> Result<T, Status> {
    C::decode(payload).map_err(malformed_request)
}

/// What a client is told whose message is none.
pub(crate) fn malformed_request(error: BoxError) -> Status {
    Status::invalid_argument(format!("the request message cannot be decoded: {error}"))
        .with_source(error)
}

/// Reads a message that a server sent.
pub(crate) fn decode_response<C: Codec<T>, T>(payload: Bytes) -> Result<T, Status> {
    C::decode(payload).map_err(|error| {
        Status::internal(format!("the response message cannot be decoded: {error}"))
            .with_source(error)
    })
}

/// A message frame in a buffer of its own, with `room` for what follows it in the body, and the length of the
/// message before it was compressed.
pub(crate) fn encode_alone<C: Codec<T>, T>(
    message: &T,
    format: &Format,
    room: usize,
) -> Result<(BytesMut, usize), Status> {
    let len = checked_len(C::encoded_len(message), format)?;
    let frame = HEADER_LEN + len;
    // What fills its buffer is frozen without another allocation.
    let mut buf = BytesMut::with_capacity(match format.protocol {
        Protocol::GrpcWeb => frame + room,
        Protocol::GrpcWebText => text::encoded_len(frame + room),
        Protocol::Grpc => frame,
    });
    put_frame(&mut buf, 0, |buf| C::encode(message, buf));
    compress_from(0, &mut buf, format)?;
    Ok((buf, len))
}

/// A message frame whose field `apart` follows it, and the length of the message.
pub(crate) fn encode_parted<C: Codec<T>, T>(
    message: &T,
    apart: Apart,
    format: &Format,
) -> Result<(Parted, usize), Status> {
    let rest = C::encoded_len(message);
    let len = checked_len(rest + apart.encoded_len(), format)?;
    let mut head = BytesMut::with_capacity(HEADER_LEN + rest + apart.head_len());
    put_header(&mut head, 0, len);
    C::encode(message, &mut head);
    apart.encode_head(&mut head);
    let bytes = apart.bytes;
    Ok((Parted { head, bytes }, len))
}

/// Appends a message frame, and where there is no room for it behind others, `room` at least. Returns the
/// length of the message before it was compressed.
pub(crate) fn encode_into<C: Codec<T>, T>(
    message: &T,
    format: &Format,
    room: usize,
    buf: &mut BytesMut,
) -> Result<usize, Status> {
    let len = checked_len(C::encoded_len(message), format)?;
    let start = buf.len();
    let frame = HEADER_LEN + len;
    if buf.capacity() - start < frame {
        buf.reserve(if start == 0 { frame } else { frame.max(room) });
    }
    put_header(buf, 0, len);
    C::encode(message, buf);
    debug_assert_eq!(buf.len() - start, frame, "the length was said beforehand");
    if format.compression.is_some() {
        compress_from(start, buf, format)?;
    }
    Ok(len)
}

fn checked_len(len: usize, format: &Format) -> Result<usize, Status> {
    let limit = format.limits.encoding;
    if len > limit {
        return Err(too_long(len, limit));
    }
    Ok(len)
}

#[cold]
fn too_long(len: usize, limit: usize) -> Status {
    Status::resource_exhausted(format!(
        "the message to be sent has {len} bytes, over this side's limit of {limit}: raise it with \
         max_encoding_message_size"
    ))
}

/// Compresses the message of the frame that begins at `start`, the last one, if it is worth it.
fn compress_from(start: usize, buf: &mut BytesMut, format: &Format) -> Result<(), Status> {
    let Some(encoding) = format.compression else {
        return Ok(());
    };
    let payload = buf.get(start + HEADER_LEN..).unwrap_or_default();
    if payload.len() <= format.compress_above {
        return Ok(());
    }
    let compressed = encoding.compress(payload).map_err(|error| {
        Status::internal("the message to be sent could not be compressed").with_source(error)
    })?;
    buf.truncate(start);
    put_frame(buf, COMPRESSED, |buf| buf.extend_from_slice(&compressed));
    Ok(())
}
