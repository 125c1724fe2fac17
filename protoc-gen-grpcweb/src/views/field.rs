//! What a view has for a type of the protobuf language.

use proc_macro2::TokenStream;
use prost_types::FieldDescriptorProto;
use prost_types::field_descriptor_proto::{Label, Type};
use quote::quote;

use super::types::Message;
use super::{Views, tokens};
use crate::Error;

/// The type of a field, of the parts of a map, or of a member of a oneof.
pub(super) struct FieldType {
    /// What reads it: a `Kind` of the runtime.
    pub(super) kind: TokenStream,
    /// What the view has for it.
    pub(super) value: TokenStream,
    /// What makes the value of the message of it, a reference named `v`.
    pub(super) own: TokenStream,
    /// Whether several of it may stand side by side.
    pub(super) is_number: bool,
}

impl FieldType {
    /// As seen from within `modules`.
    pub(super) fn of(
        views: &Views,
        outer: &Message,
        field: &FieldDescriptorProto,
        modules: &[String],
    ) -> Result<Self, Error> {
        let is_in_place = field.label() != Label::Repeated;
        Self::new(views, outer, field, modules, is_in_place)
    }

    /// That of the values of a map, or of its keys.
    pub(super) fn of_map(
        views: &Views,
        outer: &Message,
        field: &FieldDescriptorProto,
    ) -> Result<Self, Error> {
        Self::new(views, outer, field, &outer.modules, false)
    }

    fn new(
        views: &Views,
        outer: &Message,
        field: &FieldDescriptorProto,
        modules: &[String],
        is_in_place: bool,
    ) -> Result<Self, Error> {
        let number = |kind: TokenStream, value: TokenStream| Self {
            kind: quote! { rt::#kind },
            value,
            own: quote! { *v },
            is_number: true,
        };
        Ok(match field.r#type() {
            Type::Bool => number(quote! { Bool }, quote! { bool }),
            Type::Int32 | Type::Enum => number(quote! { Int32 }, quote! { i32 }),
            Type::Int64 => number(quote! { Int64 }, quote! { i64 }),
            Type::Uint32 => number(quote! { Uint32 }, quote! { u32 }),
            Type::Uint64 => number(quote! { Uint64 }, quote! { u64 }),
            Type::Sint32 => number(quote! { Sint32 }, quote! { i32 }),
            Type::Sint64 => number(quote! { Sint64 }, quote! { i64 }),
            Type::Fixed32 => number(quote! { Fixed32 }, quote! { u32 }),
            Type::Fixed64 => number(quote! { Fixed64 }, quote! { u64 }),
            Type::Sfixed32 => number(quote! { Sfixed32 }, quote! { i32 }),
            Type::Sfixed64 => number(quote! { Sfixed64 }, quote! { i64 }),
            Type::Float => number(quote! { Float }, quote! { f32 }),
            Type::Double => number(quote! { Double }, quote! { f64 }),
            Type::String => Self {
                kind: quote! { rt::Str },
                value: quote! { &'a str },
                own: quote! { rt::String::from(*v) },
                is_number: false,
            },
            Type::Bytes => Self {
                kind: quote! { rt::Bytes },
                value: quote! { &'a [u8] },
                own: quote! { rt::Into::into(v.to_vec()) },
                is_number: false,
            },
            Type::Message | Type::Group => {
                Self::message(views, outer, field, modules, is_in_place)?
            }
        })
    }

    fn message(
        views: &Views,
        outer: &Message,
        field: &FieldDescriptorProto,
        modules: &[String],
        is_in_place: bool,
    ) -> Result<Self, Error> {
        let name = field.type_name();
        let is_group = field.r#type() == Type::Group;
        if !views.wanted.contains(name) {
            let path = views.types.path(name, modules);
            let value = tokens(&found(path, outer, field)?)?;
            let kind = if is_group {
                quote! { rt::OwnedGroup }
            } else {
                quote! { rt::Owned }
            };
            return Ok(Self {
                kind: quote! { #kind<#value> },
                value,
                own: quote! { rt::Into::into(rt::Clone::clone(v)) },
                is_number: false,
            });
        }
        let path = views.types.view_path(name, modules);
        let path = tokens(&found(path, outer, field)?)?;
        let lifetime = views.lifetime(name, "'a");
        let mut value = quote! { #path #lifetime };
        if is_in_place && views.types.is_recursive(&outer.name, name) {
            value = quote! { ::std::boxed::Box<#value> };
        }
        let kind = if is_group {
            quote! { rt::Group }
        } else {
            quote! { rt::Message }
        };
        Ok(Self {
            kind: quote! { #kind<#value> },
            value,
            own: quote! { rt::Into::into(rt::MessageView::to_owned_message(v)) },
            is_number: false,
        })
    }
}

/// The path of the type of a field.
pub(super) fn found(
    path: Option<String>,
    outer: &Message,
    field: &FieldDescriptorProto,
) -> Result<String, Error> {
    path.ok_or_else(|| {
        Error::new(format!(
            "the view of {}: there is no type {} for its field {}",
            outer.name,
            field.type_name(),
            field.name()
        ))
    })
}
