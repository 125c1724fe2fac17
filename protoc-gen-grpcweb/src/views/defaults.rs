//! Default values, which fields of proto2 may have.

use std::iter::Peekable;
use std::str::{Bytes, FromStr};

use proc_macro2::{Literal, TokenStream};
use prost_types::FieldDescriptorProto;
use prost_types::field_descriptor_proto::Type;
use quote::quote;

use super::{Views, tokens};
use crate::Error;

/// What a field is that is not there, where that is not what its type begins with.
pub(super) fn default(
    views: &Views,
    field: &FieldDescriptorProto,
) -> Result<Option<TokenStream>, Error> {
    let Some(text) = &field.default_value else {
        return match field.r#type() {
            Type::Enum => Ok(first_number(views, field)
                .filter(|number| *number != 0)
                .map(signed)),
            _ => Ok(None),
        };
    };
    Ok(Some(match field.r#type() {
        Type::String => quote! { #text },
        Type::Bytes => {
            let bytes = Literal::byte_string(&unescape(text));
            quote! { &#bytes[..] }
        }
        Type::Enum => return Ok(number(views, field, text).map(signed)),
        Type::Float => float::<f32>(text, "f32")?,
        Type::Double => float::<f64>(text, "f64")?,
        _ => tokens(text)?,
    }))
}

/// The number of the first value of an enum, which is what its type begins with.
fn first_number(views: &Views, field: &FieldDescriptorProto) -> Option<i32> {
    let enumeration = views.types.enumeration(field.type_name())?;
    Some(enumeration.descriptor.value.first()?.number())
}

fn number(views: &Views, field: &FieldDescriptorProto, name: &str) -> Option<i32> {
    let enumeration = views.types.enumeration(field.type_name())?;
    let mut values = enumeration.descriptor.value.iter();
    Some(values.find(|value| value.name() == name)?.number())
}

fn signed(number: i32) -> TokenStream {
    let literal = Literal::u32_unsuffixed(number.unsigned_abs());
    if number < 0 {
        quote! { -#literal }
    } else {
        quote! { #literal }
    }
}

fn float<T: FromStr>(text: &str, primitive: &str) -> Result<TokenStream, Error> {
    let constant = match text {
        "inf" => "INFINITY",
        "-inf" => "NEG_INFINITY",
        "nan" => "NAN",
        _ if text.parse::<T>().is_ok() => return tokens(&format!("{text}_{primitive}")),
        _ => return Err(Error::new(format!("{text:?} is not a number"))),
    };
    tokens(&format!("::core::primitive::{primitive}::{constant}"))
}

/// The bytes that `protoc` wrote as text.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next() {
            Some(b'a') => 0x07,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'v') => 0x0b,
            Some(b'x' | b'X') => escaped(&mut rest, 16, 2, 0),
            Some(digit @ b'0'..=b'7') => escaped(&mut rest, 8, 2, digit - b'0'),
            Some(other) => other,
            None => break,
        });
    }
    bytes
}

/// The byte of a first digit, and of no more than so many others.
fn escaped(rest: &mut Peekable<Bytes<'_>>, radix: u8, others: usize, first: u8) -> u8 {
    let mut value = first;
    for _ in 0..others {
        let digit = |byte: &u8| char::from(*byte).to_digit(radix.into());
        let Some(digit) = rest.peek().and_then(digit) else {
            break;
        };
        rest.next();
        value = value
            .wrapping_mul(radix)
            .wrapping_add(u8::try_from(digit).unwrap_or_default());
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_what_protoc_escaped() {
        assert_eq!(
            unescape(r#"a\000\001\377\n\r\t\"\'\\b"#),
            b"a\0\x01\xff\n\r\t\"'\\b"
        );
        // Other compilers than protoc.
        assert_eq!(
            unescape(r"\x01\xfF1\a\b\f\v\?\1a"),
            b"\x01\xff1\x07\x08\x0c\x0b?\x01a"
        );
    }

    #[test]
    fn numbers_are_rust() {
        for (text, rust) in [
            ("inf", ":: core :: primitive :: f32 :: INFINITY"),
            ("-1.5e+10", "- 1.5e+10_f32"),
            ("3", "3_f32"),
        ] {
            assert_eq!(float::<f32>(text, "f32").unwrap().to_string(), rust);
        }
        assert_eq!(signed(-2).to_string(), "- 2");
    }
}
