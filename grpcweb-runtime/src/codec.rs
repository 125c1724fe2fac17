//! Messages to bytes and back, in the protobuf format.

use bytes::{Bytes, BytesMut};
use prost::Message;

use crate::wire::frame::{HEADER_LEN, put_frame};
use crate::{Limits, Status};

/// Turns the payload of a frame into a message.
pub(crate) type Decode<T> = fn(Bytes) -> Result<T, Status>;

/// Reads a message that a client sent.
pub(crate) fn decode_request<T: Message + Default>(payload: Bytes) -> Result<T, Status> {
    T::decode(payload).map_err(|error| {
        Status::invalid_argument(format!("the request message cannot be decoded: {error}"))
            .with_source(error)
    })
}

/// Reads a message that a server sent.
pub(crate) fn decode_response<T: Message + Default>(payload: Bytes) -> Result<T, Status> {
    T::decode(payload).map_err(|error| {
        Status::internal(format!("the response message cannot be decoded: {error}"))
            .with_source(error)
    })
}

/// A message frame in a buffer of its own, with `room` for what follows it.
pub(crate) fn encode_alone<T: Message>(
    message: &T,
    limits: Limits,
    room: usize,
) -> Result<BytesMut, Status> {
    let len = checked_len(message, limits)?;
    let mut buf = BytesMut::with_capacity(HEADER_LEN + len + room);
    put(message, &mut buf);
    Ok(buf)
}

/// Appends a message frame.
pub(crate) fn encode_into<T: Message>(
    message: &T,
    limits: Limits,
    buf: &mut BytesMut,
) -> Result<(), Status> {
    buf.reserve(HEADER_LEN + checked_len(message, limits)?);
    put(message, buf);
    Ok(())
}

fn checked_len<T: Message>(message: &T, limits: Limits) -> Result<usize, Status> {
    let len = message.encoded_len();
    if len > limits.encoding() {
        return Err(Status::resource_exhausted(format!(
            "the message to be sent has {len} bytes, over this side's limit of {}: raise it with \
             Limits::max_encoding_message_size",
            limits.encoding()
        )));
    }
    Ok(len)
}

fn put<T: Message>(message: &T, buf: &mut BytesMut) {
    put_frame(buf, 0, |buf| message.encode_raw(buf));
}
