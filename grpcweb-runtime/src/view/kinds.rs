//! What the fields of a message may be, for generated code.

use std::marker::PhantomData;

use prost::Message as ProstMessage;

use super::MessageView;
use super::reader::{LENGTH_DELIMITED, Malformed, Reader, SIXTY_FOUR_BIT, THIRTY_TWO_BIT, VARINT};

/// A type of the protobuf language.
pub trait Kind<'a> {
    /// What the view has for it.
    type Value: Default;

    /// Reads a value over one that was there: messages take up what is new, all else is replaced.
    fn merge(value: &mut Self::Value, reader: &mut Reader<'a>) -> Result<(), Malformed>;
}

/// A type without parts.
pub trait Scalar<'a> {
    /// What the view has for it.
    type Value: Default;

    /// How it is sent.
    const WIRE_TYPE: u8;

    /// Reads a value.
    fn read(reader: &mut Reader<'a>) -> Result<Self::Value, Malformed>;
}

impl<'a, S: Scalar<'a>> Kind<'a> for S {
    type Value = S::Value;

    #[inline]
    fn merge(value: &mut Self::Value, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        reader.expect(S::WIRE_TYPE)?;
        *value = S::read(reader)?;
        Ok(())
    }
}

macro_rules! scalars {
    ($($name:ident: $value:ty, $wire_type:ident, |$reader:ident| $read:expr;)*) => {
        $(
            #[doc = concat!("The type `", stringify!($name), "`, in small letters.")]
            #[derive(Debug)]
            pub enum $name {}

            impl<'a> Scalar<'a> for $name {
                type Value = $value;

                const WIRE_TYPE: u8 = $wire_type;

                #[inline]
                fn read($reader: &mut Reader<'a>) -> Result<$value, Malformed> {
                    Ok($read)
                }
            }
        )*
    };
}

scalars! {
    Bool: bool, VARINT, |reader| reader.varint()? != 0;
    Int32: i32, VARINT, |reader| reader.varint()? as i32;
    Int64: i64, VARINT, |reader| reader.varint()? as i64;
    Uint32: u32, VARINT, |reader| reader.varint()? as u32;
    Uint64: u64, VARINT, |reader| reader.varint()?;
    Sint32: i32, VARINT, |reader| {
        let value = reader.varint()? as u32;
        (value >> 1) as i32 ^ -((value & 1) as i32)
    };
    Sint64: i64, VARINT, |reader| {
        let value = reader.varint()?;
        (value >> 1) as i64 ^ -((value & 1) as i64)
    };
    Fixed32: u32, THIRTY_TWO_BIT, |reader| u32::from_le_bytes(reader.array()?);
    Fixed64: u64, SIXTY_FOUR_BIT, |reader| u64::from_le_bytes(reader.array()?);
    Sfixed32: i32, THIRTY_TWO_BIT, |reader| i32::from_le_bytes(reader.array()?);
    Sfixed64: i64, SIXTY_FOUR_BIT, |reader| i64::from_le_bytes(reader.array()?);
    Float: f32, THIRTY_TWO_BIT, |reader| f32::from_le_bytes(reader.array()?);
    Double: f64, SIXTY_FOUR_BIT, |reader| f64::from_le_bytes(reader.array()?);
    Str: &'a str, LENGTH_DELIMITED, |reader| reader.text()?;
    Bytes: &'a [u8], LENGTH_DELIMITED, |reader| reader.delimited()?;
}

/// A message with a view.
#[derive(Debug)]
pub struct Message<V>(PhantomData<V>);

impl<'a, V: MessageView<'a>> Kind<'a> for Message<V> {
    type Value = V;

    #[inline]
    fn merge(value: &mut V, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        reader.message(value)
    }
}

/// A message with a view that is sent as a group.
#[derive(Debug)]
pub struct Group<V>(PhantomData<V>);

impl<'a, V: MessageView<'a>> Kind<'a> for Group<V> {
    type Value = V;

    fn merge(value: &mut V, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        reader.group(value)
    }
}

/// A message without a view.
#[derive(Debug)]
pub struct Owned<M>(PhantomData<M>);

impl<'a, M: ProstMessage + Default> Kind<'a> for Owned<M> {
    type Value = M;

    fn merge(value: &mut M, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        reader.owned_message(value)
    }
}

/// A message without a view that is sent as a group.
#[derive(Debug)]
pub struct OwnedGroup<M>(PhantomData<M>);

impl<'a, M: ProstMessage + Default> Kind<'a> for OwnedGroup<M> {
    type Value = M;

    fn merge(value: &mut M, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        reader.owned_group(value)
    }
}

/// A view that may hold itself.
impl<'a, V: MessageView<'a>> MessageView<'a> for Box<V> {
    type Message = V::Message;

    fn to_owned_message(&self) -> V::Message {
        (**self).to_owned_message()
    }

    fn merge_field(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        (**self).merge_field(reader)
    }
}
