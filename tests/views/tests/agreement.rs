//! Views and prost read the same from the same bytes, and refuse the same.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::LazyLock;

use grpcweb_runtime::view::{HasView, MessageView as _};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng};
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorSet};
use views::loose::loose_enums::Loose;
use views::proto::{Bare, FILE_DESCRIPTOR_SET, delimited, legacy, rich};

/// The messages of all files, by their full names.
static MESSAGES: LazyLock<HashMap<String, DescriptorProto>> = LazyLock::new(|| {
    fn add(scope: &str, messages: &[DescriptorProto], all: &mut HashMap<String, DescriptorProto>) {
        for message in messages {
            let name = format!("{scope}.{}", message.name());
            add(&name, &message.nested_type, all);
            all.insert(name, message.clone());
        }
    }
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let mut all = HashMap::new();
    for file in &set.file {
        let scope = match file.package() {
            "" => String::new(),
            package => format!(".{package}"),
        };
        add(&scope, &file.message_type, &mut all);
    }
    all
});

/// Reads the bytes in both ways. Whether they are a message.
#[track_caller]
fn agree<M: HasView + PartialEq + Debug>(bytes: &[u8]) -> bool {
    match (M::decode(bytes), M::View::decode(bytes)) {
        (Ok(message), Ok(view)) => {
            let owned = view.to_owned_message();
            // What is no number is equal to nothing.
            assert!(
                owned == message || format!("{owned:?}") == format!("{message:?}"),
                "{owned:?}\n{message:?}\n{bytes:?}"
            );
            true
        }
        (Err(error), Err(other)) => {
            assert_eq!(error.to_string(), other.to_string());
            false
        }
        (prost, view) => panic!(
            "prost: {prost:?}\nview: {:?}\n{bytes:?}",
            view.map(|view| view.to_owned_message())
        ),
    }
}

/// Writes messages as a sender may: fields in any order and more than once, packed or not, and now and then
/// something that the message does not have.
struct Writer {
    rng: TestRng,
    /// How often something wrong is written: once in so many fields, or never.
    wrong: Option<u32>,
}

impl Writer {
    fn below(&mut self, end: u32) -> u32 {
        self.rng.next_u32() % end
    }

    fn goes_wrong(&mut self) -> bool {
        self.wrong.is_some_and(|wrong| self.below(wrong) == 0)
    }

    fn message(&mut self, name: &str, depth: u32) -> Vec<u8> {
        let mut buf = Vec::new();
        let Some(message) = MESSAGES.get(name) else {
            return buf;
        };
        for _ in 0..self.below(if depth == 0 { 2 } else { 12 }) {
            if self.below(8) == 0 {
                self.unknown(depth, &mut buf);
            } else if !message.field.is_empty() {
                let index = self.below(message.field.len() as u32);
                self.field(&message.field[index as usize], depth, &mut buf);
            }
        }
        buf
    }

    fn field(&mut self, field: &FieldDescriptorProto, depth: u32, buf: &mut Vec<u8>) {
        let number = field.number() as u32;
        let wire_type = wire_type(field.r#type());
        let is_number = !matches!(wire_type, WireType::LengthDelimited | WireType::StartGroup);
        if self.goes_wrong() {
            let other = WireType::try_from(u64::from(self.below(6))).unwrap();
            encode_key(number, other, buf);
        } else if field.label() == Label::Repeated && is_number && self.below(2) == 0 {
            let mut packed = Vec::new();
            for _ in 0..self.below(5) {
                self.value(field, depth, &mut packed);
            }
            encode_key(number, WireType::LengthDelimited, buf);
            self.delimited(&packed, buf);
            return;
        } else {
            encode_key(number, wire_type, buf);
        }
        self.value(field, depth, buf);
    }

    fn value(&mut self, field: &FieldDescriptorProto, depth: u32, buf: &mut Vec<u8>) {
        match field.r#type() {
            Type::Message => {
                let message = self.message(field.type_name(), depth.saturating_sub(1));
                self.delimited(&message, buf);
            }
            Type::Group => {
                buf.extend(self.message(field.type_name(), depth.saturating_sub(1)));
                encode_key(field.number() as u32, WireType::EndGroup, buf);
            }
            Type::String => {
                let text = [
                    "",
                    "a",
                    "abc",
                    "ä€𝄞",
                    "a longer text, of which there is more",
                ];
                let text = text[self.below(5) as usize].as_bytes().to_vec();
                let wrong = self.goes_wrong();
                let text = if wrong {
                    [&text[..], &[0xc3]].concat()
                } else {
                    text
                };
                self.delimited(&text, buf);
            }
            Type::Bytes => {
                let len = self.below(6) as usize;
                let blob = self.rng.next_u64().to_le_bytes();
                self.delimited(&blob[..len], buf);
            }
            other => match wire_type(other) {
                WireType::ThirtyTwoBit => buf.extend(self.rng.next_u32().to_le_bytes()),
                WireType::SixtyFourBit => buf.extend(self.rng.next_u64().to_le_bytes()),
                _ => encode_varint(self.number(), buf),
            },
        }
    }

    fn number(&mut self) -> u64 {
        let shift = self.below(64);
        match self.below(4) {
            0 => 0,
            1 => u64::from(self.below(5)),
            2 => self.rng.next_u64() >> shift,
            _ => u64::MAX,
        }
    }

    fn delimited(&mut self, bytes: &[u8], buf: &mut Vec<u8>) {
        let mut len = bytes.len() as u64;
        if self.goes_wrong() {
            len = len.wrapping_add(self.number());
        }
        encode_varint(len, buf);
        buf.extend_from_slice(bytes);
    }

    fn unknown(&mut self, depth: u32, buf: &mut Vec<u8>) {
        let number = 1000 + self.below(3);
        match self.below(5) {
            0 => {
                encode_key(number, WireType::Varint, buf);
                encode_varint(self.number(), buf);
            }
            1 => {
                encode_key(number, WireType::ThirtyTwoBit, buf);
                buf.extend(self.rng.next_u32().to_le_bytes());
            }
            2 => {
                encode_key(number, WireType::SixtyFourBit, buf);
                buf.extend(self.rng.next_u64().to_le_bytes());
            }
            3 => {
                encode_key(number, WireType::LengthDelimited, buf);
                self.delimited(&[0xff; 3], buf);
            }
            _ => {
                encode_key(number, WireType::StartGroup, buf);
                for _ in 0..self.below(3).min(depth) {
                    self.unknown(depth - 1, buf);
                }
                let wrong = self.goes_wrong();
                encode_key(number + u32::from(wrong), WireType::EndGroup, buf);
            }
        }
    }
}

fn wire_type(ty: Type) -> WireType {
    match ty {
        Type::Message | Type::String | Type::Bytes => WireType::LengthDelimited,
        Type::Group => WireType::StartGroup,
        Type::Fixed32 | Type::Sfixed32 | Type::Float => WireType::ThirtyTwoBit,
        Type::Fixed64 | Type::Sfixed64 | Type::Double => WireType::SixtyFourBit,
        _ => WireType::Varint,
    }
}

fn written(name: &str, seed: u64, wrong: Option<u32>) -> Vec<u8> {
    let mut seeded = [0; 32];
    seeded[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seeded);
    Writer { rng, wrong }.message(name, 4)
}

/// Whether what is read of whatever a sender writes is the same.
fn check<M: HasView + PartialEq + Debug>(name: &str, seed: u64, at: usize, byte: u8) {
    let mut bytes = written(name, seed, None);
    assert!(agree::<M>(&bytes), "prost refuses {bytes:?}");
    agree::<M>(&written(name, seed, Some(12)));
    agree::<M>(&written(name, seed, Some(60)));
    if !bytes.is_empty() {
        let at = at % bytes.len();
        agree::<M>(&bytes[..at]);
        let spoiled = std::mem::replace(&mut bytes[at], byte);
        agree::<M>(&bytes);
        bytes[at] = spoiled;
        bytes.insert(at, byte);
        agree::<M>(&bytes);
        bytes.drain(at..=(at + 1).min(bytes.len() - 1));
        agree::<M>(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_everything_in_proto3(seed: u64, at: usize, byte: u8) {
        check::<rich::Rich>(".rich.Rich", seed, at, byte);
    }

    #[test]
    fn of_everything_in_proto2(seed: u64, at: usize, byte: u8) {
        check::<legacy::Legacy>(".legacy.Legacy", seed, at, byte);
    }

    #[test]
    fn of_bytes_at_random(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        agree::<rich::Rich>(&bytes);
        agree::<rich::Numbers>(&bytes);
        agree::<legacy::Legacy>(&bytes);
        agree::<delimited::Delimited>(&bytes);
        agree::<Bare>(&bytes);
    }

    #[test]
    fn of_text_of_any_length_between_any_bytes(
        texts in proptest::collection::vec(("[a-zä€𝄞\u{0}]{0,700}", any::<bool>()), 0..6),
        number: u64,
        cut: usize,
    ) {
        let mut rich = rich::Rich { uint64: number, ..rich::Rich::default() };
        for (text, is_blob) in texts {
            if is_blob {
                rich.blobs.push(text.as_bytes().iter().rev().copied().collect());
            } else {
                rich.texts.push(text.clone());
                rich.leaf.get_or_insert_default().text = text.clone();
                rich.text_by_text.insert(text, String::new());
            }
        }
        let mut bytes = rich.encode_to_vec();
        assert!(agree::<rich::Rich>(&bytes));
        if !bytes.is_empty() {
            let at = cut % bytes.len();
            bytes[at] ^= 0x80;
            agree::<rich::Rich>(&bytes);
        }
    }
}

/// A message in itself, so many times, around `inner`.
fn nested(times: usize, inner: &[u8], wrap: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    (0..times).fold(inner.to_vec(), |bytes, _| wrap(bytes))
}

fn in_field(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut buf = Vec::new();
    encode_key(number, WireType::LengthDelimited, &mut buf);
    encode_varint(bytes.len() as u64, &mut buf);
    buf.extend(bytes);
    buf
}

fn in_group(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut buf = Vec::new();
    encode_key(number, WireType::StartGroup, &mut buf);
    buf.extend(bytes);
    encode_key(number, WireType::EndGroup, &mut buf);
    buf
}

#[test]
fn about_how_deep_messages_may_be_in_one_another() {
    // A varint that the message does not have, a varint that it has, a moment, a structure, a map.
    let inners = [
        vec![],
        vec![0xc0, 0x3e, 1],
        vec![0x18, 1],
        in_field(71, &[8, 1]),
        in_field(72, &in_field(1, &in_field(2, &in_field(3, b"x")))),
        in_field(52, &in_field(2, &[0x18, 1])),
        in_group(1000, &in_group(1000, &[])),
    ];
    let mut accepted = 0;
    let mut refused = 0;
    for inner in &inners {
        for times in 94..=102 {
            for bytes in [
                nested(times, inner, |bytes| in_field(43, &bytes)),
                nested(times, inner, |bytes| in_field(44, &bytes)),
                nested(times, inner, |bytes| in_field(65, &bytes)),
                nested(times / 2, inner, |bytes| in_field(52, &in_field(2, &bytes))),
                in_field(
                    72,
                    &nested(times / 2, &[], |bytes| {
                        in_field(1, &in_field(2, &in_field(5, &bytes)))
                    }),
                ),
            ] {
                *if agree::<rich::Rich>(&bytes) {
                    &mut accepted
                } else {
                    &mut refused
                } += 1;
            }
            let groups = nested(times, inner, |bytes| in_group(1000, &bytes));
            agree::<rich::Rich>(&groups);
            let groups = nested(times, &in_field(3, b"x"), |bytes| in_group(1, &bytes));
            agree::<delimited::Delimited>(&groups);
            let groups = nested(times / 2, inner, |bytes| in_group(11, &in_field(2, &bytes)));
            agree::<legacy::Legacy>(&groups);
        }
    }
    assert!(accepted > 50 && refused > 50, "{accepted} {refused}");
}

#[test]
fn about_delimited_messages_of_editions() {
    let message = delimited::Delimited {
        child: Some(Box::default()),
        children: vec![delimited::Delimited::default(); 2],
        text: Some("text".into()),
        number: 3,
        time: Some(prost_types::Timestamp {
            seconds: 5,
            nanos: 6,
        }),
        times: vec![
            prost_types::Timestamp {
                seconds: 7,
                nanos: 8
            };
            2
        ],
        expanded: vec![1, 2, 3],
        needed: "needed".into(),
        by_text: [("key".to_owned(), delimited::Delimited::default())].into(),
    };
    let bytes = message.encode_to_vec();
    assert!(agree::<delimited::Delimited>(&bytes));
    assert_eq!(
        <delimited::Delimited as HasView>::View::decode(&bytes)
            .unwrap()
            .to_owned_message(),
        message
    );
    for at in 0..bytes.len() {
        agree::<delimited::Delimited>(&bytes[..at]);
        for byte in 0..=255 {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            agree::<delimited::Delimited>(&bytes);
        }
    }
}

#[test]
fn about_what_varints_may_be() {
    for last in 0..=0x80 {
        for len in 8..=11 {
            let mut bytes = vec![0x30];
            bytes.extend(vec![0xff; len]);
            bytes.push(last);
            agree::<rich::Rich>(&bytes);
            // The same in a key.
            agree::<rich::Rich>(&bytes[1..]);
        }
    }
}

#[test]
fn about_a_map_of_an_enum_that_does_not_begin_with_0() {
    let key = in_field(1, b"key");
    for (entry, level) in [
        (key.clone(), 3),
        ([&key[..], &[0x10, 4]].concat(), 4),
        ([&key[..], &[0x10, 0]].concat(), 0),
        ([&key[..], &[0x10, 99]].concat(), 99),
    ] {
        let bytes = in_field(1, &entry);
        assert!(agree::<Loose>(&bytes));
        let view = <Loose as HasView>::View::decode(&bytes).unwrap();
        assert_eq!(view.level_by_text.get("key"), Some(&level));
    }
    assert!(agree::<Loose>(&in_field(1, &[])));
}
