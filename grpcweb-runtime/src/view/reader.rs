//! The wire format of protobuf. What is refused is what prost refuses without its feature
//! `no-recursion-limit`.

use std::sync::LazyLock;
use std::{array, str};

use prost::Message;
use prost::encoding::{self, DecodeContext, WireType};

use super::MessageView;

/// How deep messages may be in one another, as in prost.
const RECURSION_LIMIT: u32 = 100;

/// How many bytes are checked at once for being text, if a string is no longer than that.
const AHEAD: usize = 1024;

/// The context of prost by how many messages are around a field. prost makes none but that of the top, and
/// goes deeper only itself.
static CONTEXTS: LazyLock<[DecodeContext; RECURSION_LIMIT as usize + 1]> = LazyLock::new(|| {
    let mut next = DecodeContext::default();
    array::from_fn(|_| {
        let here = next.clone();
        let mut inner = Inner(here.clone());
        // A message with one field. There is nothing deeper than the last.
        let _ = encoding::message::merge(
            WireType::LengthDelimited,
            &mut inner,
            &mut &[1, 0x08][..],
            here.clone(),
        );
        next = inner.0;
        here
    })
});

pub(super) const VARINT: u8 = WireType::Varint as u8;
pub(super) const SIXTY_FOUR_BIT: u8 = WireType::SixtyFourBit as u8;
pub(super) const LENGTH_DELIMITED: u8 = WireType::LengthDelimited as u8;
pub(super) const START_GROUP: u8 = WireType::StartGroup as u8;
const END_GROUP: u8 = WireType::EndGroup as u8;
pub(super) const THIRTY_TWO_BIT: u8 = WireType::ThirtyTwoBit as u8;

/// The bytes are no message of the type. prost says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// What is left of a message.
#[derive(Debug)]
pub struct Reader<'a> {
    /// The message that all others are in.
    whole: &'a [u8],
    rest: &'a [u8],
    /// The key that was read last.
    number: u32,
    wire_type: u8,
    /// Some of the bytes, which are known to be text, with the keys and lengths between the strings.
    text: &'a str,
    /// How much deeper messages may be here.
    depth: u32,
}

/// Reads a whole message.
pub(super) fn decode<'a, V: MessageView<'a>>(bytes: &'a [u8]) -> Result<V, Malformed> {
    let mut view = V::default();
    merge(&mut view, &mut Reader::new(bytes))?;
    Ok(view)
}

/// Reads a message up to its end.
fn merge<'a, V: MessageView<'a>>(view: &mut V, reader: &mut Reader<'a>) -> Result<(), Malformed> {
    while !reader.rest.is_empty() {
        reader.key()?;
        view.merge_field(reader)?;
    }
    Ok(())
}

impl<'a> Reader<'a> {
    fn new(whole: &'a [u8]) -> Self {
        Self {
            whole,
            rest: whole,
            number: 0,
            wire_type: 0,
            text: "",
            depth: RECURSION_LIMIT,
        }
    }

    /// The same, for a part.
    #[inline]
    fn part(&self, rest: &'a [u8], depth: u32) -> Self {
        Self {
            rest,
            depth,
            ..*self
        }
    }

    /// The number of the field.
    #[inline]
    pub fn number(&self) -> u32 {
        self.number
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    #[inline]
    pub(super) fn key(&mut self) -> Result<(), Malformed> {
        let key = u32::try_from(self.varint()?).map_err(|_| Malformed)?;
        self.number = key >> 3;
        self.wire_type = (key & 7) as u8;
        if self.number == 0 || self.wire_type > THIRTY_TWO_BIT {
            return Err(Malformed);
        }
        Ok(())
    }

    #[inline]
    pub(super) fn is(&self, wire_type: u8) -> bool {
        self.wire_type == wire_type
    }

    #[inline]
    pub(super) fn expect(&self, wire_type: u8) -> Result<(), Malformed> {
        if self.is(wire_type) {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Result<u64, Malformed> {
        match self.rest {
            [byte @ ..0x80, rest @ ..] => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        let mut rest = self.rest;
        for shift in (0..64).step_by(7) {
            let (byte, after) = rest.split_first().ok_or(Malformed)?;
            rest = after;
            value |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                // The tenth byte has room for one bit.
                if shift == 63 && *byte > 1 {
                    break;
                }
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*array)
    }

    /// The bytes of something that begins with its length.
    #[inline]
    pub(super) fn delimited(&mut self) -> Result<&'a [u8], Malformed> {
        let len = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(Malformed)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// A string. Most are short, and to check many of them at once costs a third of checking each: what
    /// is between them is text too, more often than not.
    #[inline]
    pub(super) fn text(&mut self) -> Result<&'a str, Malformed> {
        let len = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
        let here = self.rest;
        self.rest = here.get(len..).ok_or(Malformed)?;
        let start = here.as_ptr().addr();
        let start = start.wrapping_sub(self.text.as_ptr().addr());
        match self.text.get(start..start.wrapping_add(len)) {
            Some(text) => Ok(text),
            None => self.check_text(here, len),
        }
    }

    /// Checks the string that `here` begins with, and some of what comes after it.
    #[inline(never)]
    fn check_text(&mut self, here: &'a [u8], len: usize) -> Result<&'a str, Malformed> {
        // Not only what is left of the message that the string is in.
        let before = here
            .as_ptr()
            .addr()
            .wrapping_sub(self.whole.as_ptr().addr());
        let rest = self.whole.get(before..).unwrap_or(here);
        let window = rest.get(..len.max(AHEAD)).unwrap_or(rest);
        self.text = match str::from_utf8(window) {
            Ok(text) => text,
            Err(error) => window
                .get(..error.valid_up_to())
                .and_then(|text| str::from_utf8(text).ok())
                .unwrap_or_default(),
        };
        self.text.get(..len).ok_or(Malformed)
    }

    /// One level deeper.
    #[inline]
    fn deeper(&self) -> Result<u32, Malformed> {
        self.depth.checked_sub(1).ok_or(Malformed)
    }

    /// What is in something that begins with its length, one level deeper.
    #[inline]
    pub(super) fn enter(&mut self) -> Result<Self, Malformed> {
        let depth = self.deeper()?;
        let bytes = self.delimited()?;
        Ok(self.part(bytes, depth))
    }

    /// Keeps what was found out further in.
    #[inline]
    pub(super) fn leave(&mut self, inner: &Self) {
        self.text = inner.text;
    }

    /// Reads numbers that are side by side.
    #[inline]
    pub(super) fn packed(&mut self) -> Result<Self, Malformed> {
        let bytes = self.delimited()?;
        Ok(self.part(bytes, self.depth))
    }

    #[inline]
    pub(super) fn message<V: MessageView<'a>>(&mut self, view: &mut V) -> Result<(), Malformed> {
        self.expect(LENGTH_DELIMITED)?;
        let mut inner = self.enter()?;
        merge(view, &mut inner)?;
        self.leave(&inner);
        Ok(())
    }

    pub(super) fn group<V: MessageView<'a>>(&mut self, view: &mut V) -> Result<(), Malformed> {
        self.expect(START_GROUP)?;
        let number = self.number;
        let mut inner = self.part(self.rest, self.deeper()?);
        loop {
            inner.key()?;
            if inner.is(END_GROUP) {
                self.rest = inner.rest;
                self.leave(&inner);
                return if inner.number == number {
                    Ok(())
                } else {
                    Err(Malformed)
                };
            }
            view.merge_field(&mut inner)?;
        }
    }

    /// Reads a message that has no view.
    pub(super) fn owned_message<M: Message>(&mut self, message: &mut M) -> Result<(), Malformed> {
        self.expect(LENGTH_DELIMITED)?;
        let context = self.context();
        encoding::message::merge(WireType::LengthDelimited, message, &mut self.rest, context)
            .map_err(|_| Malformed)
    }

    /// The same of a group.
    pub(super) fn owned_group<M: Message>(&mut self, message: &mut M) -> Result<(), Malformed> {
        self.expect(START_GROUP)?;
        let context = self.context();
        let number = self.number;
        encoding::group::merge(
            number,
            WireType::StartGroup,
            message,
            &mut self.rest,
            context,
        )
        .map_err(|_| Malformed)
    }

    /// Where prost would be at this depth.
    fn context(&self) -> DecodeContext {
        let above = RECURSION_LIMIT.saturating_sub(self.depth);
        CONTEXTS.get(above as usize).cloned().unwrap_or_default()
    }

    /// Passes a field by that the message does not have.
    pub fn skip(&mut self) -> Result<(), Malformed> {
        let depth = self.deeper()?;
        match self.wire_type {
            VARINT => self.varint().map(drop),
            SIXTY_FOUR_BIT => self.array::<8>().map(drop),
            LENGTH_DELIMITED => self.delimited().map(drop),
            THIRTY_TWO_BIT => self.array::<4>().map(drop),
            START_GROUP => {
                let mut inner = self.part(self.rest, depth);
                loop {
                    inner.key()?;
                    if inner.is(END_GROUP) {
                        break;
                    }
                    inner.skip()?;
                }
                self.rest = inner.rest;
                if inner.number == self.number {
                    Ok(())
                } else {
                    Err(Malformed)
                }
            }
            _ => Err(Malformed),
        }
    }
}

/// Takes the context that prost hands to the fields of a message.
#[derive(Debug)]
struct Inner(DecodeContext);

impl Message for Inner {
    fn encode_raw(&self, _: &mut impl bytes::BufMut) {}

    fn merge_field(
        &mut self,
        _: u32,
        _: WireType,
        _: &mut impl bytes::Buf,
        context: DecodeContext,
    ) -> Result<(), prost::DecodeError> {
        self.0 = context;
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        0
    }

    fn clear(&mut self) {}
}
