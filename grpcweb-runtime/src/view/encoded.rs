use std::fmt;
use std::marker::PhantomData;

use bytes::{Bytes, BytesMut};

use super::{HasView, MessageView as _};
use crate::BoxError;
use crate::codec::{Codec, Prost};

/// The bytes of a message, which are known to be one: what a stream of views is made of. It is cheap to
/// clone.
///
/// See the [module](crate::view) for an example.
pub struct Encoded<M> {
    bytes: Bytes,
    message: PhantomData<fn() -> M>,
}

impl<M: HasView> Encoded<M> {
    /// Checks that the bytes are a message.
    ///
    /// # Errors
    ///
    /// That of prost where they are none.
    pub fn new(bytes: Bytes) -> Result<Self, BoxError> {
        M::View::decode(&bytes)?;
        Ok(Self {
            bytes,
            message: PhantomData,
        })
    }

    /// Encodes a message.
    ///
    /// # Errors
    ///
    /// That of prost where the message is nested so deep that it could not be read again.
    pub fn encode(message: &M) -> Result<Self, BoxError> {
        Self::new(message.encode_to_vec().into())
    }

    /// The view, which is made anew each time.
    #[must_use]
    pub fn view(&self) -> M::View<'_> {
        // The same bytes were read before.
        M::View::decode(&self.bytes).unwrap_or_default()
    }
}

impl<M> Clone for Encoded<M> {
    fn clone(&self) -> Self {
        Self {
            bytes: self.bytes.clone(),
            message: PhantomData,
        }
    }
}

impl<M> fmt::Debug for Encoded<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Encoded").field(&self.bytes).finish()
    }
}

impl<M: HasView> Codec<Encoded<M>> for Prost {
    fn encoded_len(message: &Encoded<M>) -> usize {
        message.bytes.len()
    }

    fn encode(message: &Encoded<M>, buf: &mut BytesMut) {
        buf.extend_from_slice(&message.bytes);
    }

    fn decode(payload: Bytes) -> Result<Encoded<M>, BoxError> {
        Encoded::new(payload)
    }
}

/// The bytes of what should be a message.
pub(crate) struct Payload(pub(crate) Bytes);

impl Codec<Payload> for Prost {
    fn encoded_len(payload: &Payload) -> usize {
        payload.0.len()
    }

    fn encode(payload: &Payload, buf: &mut BytesMut) {
        buf.extend_from_slice(&payload.0);
    }

    fn decode(payload: Bytes) -> Result<Payload, BoxError> {
        Ok(Payload(payload))
    }
}
