//! Large fields of bytes, which leave beside the rest of their message.
//!
//! The fields of a message may come in any order ("Last One Wins", Encoding). So one that is large is put after the
//! others, and travels as it is: it is not copied into the buffer that the others are written to.

use bytes::{BufMut, Bytes, BytesMut};
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

/// From this many bytes on, a copy costs more than to keep track of one more piece.
const MIN: usize = 16 * 1024;

/// A field that was taken out of its message.
#[derive(Debug)]
pub struct Apart {
    number: u32,
    pub(crate) bytes: Bytes,
}

impl Apart {
    /// The first of these fields that is large, by their numbers.
    pub fn first_of(fields: &mut [(u32, &mut dyn BytesField)]) -> Option<Self> {
        fields.iter_mut().find_map(|(number, field)| {
            let bytes = field.take_large()?;
            Some(Self {
                number: *number,
                bytes,
            })
        })
    }

    /// How much longer the message is with it.
    pub(crate) fn encoded_len(&self) -> usize {
        self.head_len() + self.bytes.len()
    }

    /// How much of that comes before the bytes themselves.
    pub(crate) fn head_len(&self) -> usize {
        let len = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        key_len(self.number) + encoded_len_varint(len)
    }

    /// Writes what comes before the bytes themselves.
    pub(crate) fn encode_head(&self, buf: &mut impl BufMut) {
        let len = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        encode_key(self.number, WireType::LengthDelimited, buf);
        encode_varint(len, buf);
    }
}

/// A field of bytes, as prost has it.
pub trait BytesField {
    /// Its content, if there is much of it; the field is empty then.
    fn take_large(&mut self) -> Option<Bytes>;
}

impl BytesField for Bytes {
    fn take_large(&mut self) -> Option<Bytes> {
        (self.len() >= MIN).then(|| std::mem::take(self))
    }
}

impl BytesField for Vec<u8> {
    fn take_large(&mut self) -> Option<Bytes> {
        (self.len() >= MIN).then(|| std::mem::take(self).into())
    }
}

impl<T: BytesField> BytesField for Option<T> {
    fn take_large(&mut self) -> Option<Bytes> {
        let bytes = self.as_mut()?.take_large()?;
        *self = None;
        Some(bytes)
    }
}

/// A frame whose last field is beside it.
#[derive(Debug)]
pub(crate) struct Parted {
    pub(crate) head: BytesMut,
    pub(crate) bytes: Bytes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_taken_where_it_is_large() {
        let (mut small, mut large) = (Bytes::from_static(b"abc"), Some(vec![1; MIN]));
        let apart = Apart::first_of(&mut [(1, &mut small), (300, &mut large)]).unwrap();
        assert_eq!((small.len(), large), (3, None));
        let mut buf = BytesMut::new();
        apart.encode_head(&mut buf);
        assert_eq!(buf[..], [0xe2, 0x12, 0x80, 0x80, 0x01]);
        assert_eq!((apart.head_len(), apart.encoded_len()), (5, 5 + MIN));
        assert!(Apart::first_of(&mut [(1, &mut small)]).is_none());
    }
}
