//! Default values, which fields of proto2 may have.

use std::str::FromStr;

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
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(digit @ b'0'..=b'7') => {
                let mut value = digit - b'0';
                for _ in 0..2 {
                    match rest.next_if(|next| matches!(next, b'0'..=b'7')) {
                        Some(digit) => value = value.wrapping_mul(8).wrapping_add(digit - b'0'),
                        None => break,
                    }
                }
                value
            }
            Some(other) => other,
            None => break,
        });
    }
    bytes
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
