//! Features of protobuf editions, seen in the types and on the wire.

use generated::editions::mixed::{Choice, Part};
use generated::editions::next::{Next, next::Inner};
use generated::editions::{Color, Mixed};
use prost::Message as _;

#[test]
fn presence_is_what_the_feature_says() {
    let unset = Mixed::default();
    assert_eq!(unset.explicit, None);
    assert_eq!((unset.implicit, unset.required), (0, 0));
    assert_eq!((unset.text(), unset.color()), ("unset", Color::Green));
    // The required field is written though it is zero, as in proto2; the implicit one is not.
    assert_eq!(unset.encode_to_vec(), [3 << 3, 0]);

    let zero = Mixed {
        explicit: Some(0),
        ..Mixed::default()
    };
    assert_eq!(zero.encode_to_vec(), [1 << 3, 0, 3 << 3, 0]);
}

#[test]
fn repeated_fields_are_packed_or_not() {
    let message = Mixed {
        packed: vec![1, 2],
        expanded: vec![1, 2],
        ..Mixed::default()
    };
    assert_eq!(
        message.encode_to_vec(),
        [3 << 3, 0, 4 << 3 | 2, 2, 1, 2, 5 << 3, 1, 5 << 3, 2]
    );
    let message = Next {
        expanded: vec![1],
        ..Next::default()
    };
    assert_eq!(message.encode_to_vec(), [6 << 3, 1]);
}

#[test]
fn messages_have_a_length_or_an_end() {
    let part = Some(Part { n: Some(1) });
    let message = Mixed {
        prefixed: part,
        delimited: part,
        parts: vec![Part { n: None }],
        ..Mixed::default()
    };
    let bytes = [
        &[3 << 3, 0][..],
        &[6 << 3 | 2, 2, 1 << 3, 1],
        &[7 << 3 | 3, 1 << 3, 1, 7 << 3 | 4],
        &[8 << 3 | 3, 8 << 3 | 4],
    ];
    assert_eq!(message.encode_to_vec(), bytes.concat());
    assert_eq!(Mixed::decode(&bytes.concat()[..]).unwrap(), message);
}

#[test]
fn oneofs_and_maps_are_as_ever() {
    let message = Mixed {
        map: [("k".to_owned(), Part { n: Some(1) })].into(),
        choice: Some(Choice::A("a".into())),
        ..Mixed::default()
    };
    let bytes = message.encode_to_vec();
    assert_eq!(Mixed::decode(&bytes[..]).unwrap(), message);
    let entry = [
        11 << 3 | 2,
        7,
        1 << 3 | 2,
        1,
        b'k',
        2 << 3 | 2,
        2,
        1 << 3,
        1,
    ];
    assert!(bytes.windows(entry.len()).any(|window| window == entry));
}

#[test]
fn features_of_a_file_hold_for_what_is_in_it_unless_said_otherwise() {
    let inner = Some(Inner {
        n: 0,
        packed: vec![1],
    });
    let message = Next {
        implicit: 0,
        explicit: Some(0),
        delimited: inner.clone(),
        prefixed: inner,
        ..Next::default()
    };
    let bytes = [
        &[2 << 3, 0][..],
        &[3 << 3 | 3, 2 << 3 | 2, 1, 1, 3 << 3 | 4],
        &[4 << 3 | 2, 3, 2 << 3 | 2, 1, 1],
    ];
    assert_eq!(message.encode_to_vec(), bytes.concat());
}
