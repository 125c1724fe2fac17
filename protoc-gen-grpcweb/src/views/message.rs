//! The code of a view.

use proc_macro2::{Literal, TokenStream};
use prost_types::FieldDescriptorProto;
use prost_types::field_descriptor_proto::{Label, Type};
use quote::quote;
use syn::Ident;

use super::defaults::default;
use super::field::{FieldType, found};
use super::types::{Message, map_entry, relative, snake};
use super::{Addition, Views, ident, tokens};
use crate::Error;
use crate::lower::type_name;

/// The view of a message, and those of its oneofs in the module of the message.
pub(super) fn generate(views: &Views, message: &Message) -> Result<Vec<Addition>, Error> {
    let mut parts = Parts::default();
    for field in &message.descriptor.field {
        if oneof_of(field).is_none() {
            parts.field(views, message, field)?;
        }
    }
    let mut additions = Vec::new();
    for index in 0..message.oneofs.len() {
        additions.extend(parts.oneof(views, message, index)?);
    }
    let code = parts.code(views, message)?;
    additions.push(addition(message, &message.modules, code)?);
    Ok(additions)
}

fn addition(message: &Message, modules: &[String], code: TokenStream) -> Result<Addition, Error> {
    let file: syn::File = syn::parse2(code).map_err(|error| {
        Error::with_source(format!("the view of {} is not Rust", message.name), error)
    })?;
    Ok(Addition {
        message: message.name.clone(),
        path: modules
            .iter()
            .skip(message.package.len())
            .cloned()
            .collect(),
        items: file.items,
    })
}

/// The oneof that a field is a member of.
fn oneof_of(field: &FieldDescriptorProto) -> Option<usize> {
    let index = field.oneof_index.filter(|_| !field.proto3_optional())?;
    usize::try_from(index).ok()
}

/// What the fields of a message add to its view.
#[derive(Default)]
struct Parts {
    declarations: TokenStream,
    /// The arms that read them.
    arms: TokenStream,
    /// What the message is made of.
    owned: TokenStream,
    /// What they begin with.
    defaults: TokenStream,
    has_defaults: bool,
    getters: TokenStream,
}

impl Parts {
    fn field(
        &mut self,
        views: &Views,
        message: &Message,
        field: &FieldDescriptorProto,
    ) -> Result<(), Error> {
        let name = ident(&snake(field.name()))?;
        if let Some((key, value)) = map_entry(&message.descriptor, field) {
            return self.map(views, message, field, &name, key, value);
        }
        let ty = FieldType::of(views, message, field, &message.modules)?;
        let FieldType {
            kind,
            value,
            own,
            is_number,
        } = &ty;
        match field.label() {
            Label::Repeated => {
                let read = if *is_number {
                    quote! { numbers }
                } else {
                    quote! { repeated }
                };
                let owned = if *is_number {
                    quote! { rt::Clone::clone(&self.#name) }
                } else {
                    quote! { self.#name.iter().map(|v| #own).collect() }
                };
                self.add(&name, &quote! { ::std::vec::Vec<#value> }, &owned);
                self.arm(
                    field,
                    &quote! { rt::#read::<#kind>(&mut self.#name, reader) },
                );
            }
            _ if is_optional(message, field) => {
                let owned = quote! { self.#name.as_ref().map(|v| #own) };
                self.add(&name, &quote! { ::core::option::Option<#value> }, &owned);
                self.arm(
                    field,
                    &quote! { rt::optional::<#kind>(&mut self.#name, reader) },
                );
                self.getter(views, message, field, &name, &ty, true)?;
            }
            _ => {
                let owned = if *is_number {
                    quote! { self.#name }
                } else {
                    quote! {{ let v = &self.#name; #own }}
                };
                let default = default(views, field)?;
                self.add_with(&name, value, &owned, default);
                self.arm(
                    field,
                    &quote! { rt::single::<#kind>(&mut self.#name, reader) },
                );
                self.getter(views, message, field, &name, &ty, false)?;
            }
        }
        Ok(())
    }

    fn map(
        &mut self,
        views: &Views,
        message: &Message,
        field: &FieldDescriptorProto,
        name: &Ident,
        key: &FieldDescriptorProto,
        value: &FieldDescriptorProto,
    ) -> Result<(), Error> {
        let default = default(views, value)?;
        let key = FieldType::of_map(views, message, key)?;
        let value = FieldType::of_map(views, message, value)?;
        let (key_type, value_type) = (&key.value, &value.value);
        let (key_kind, value_kind) = (&key.kind, &value.kind);
        let (own_key, own_value) = (&key.own, &value.own);
        let owned = quote! {
            self.#name.iter().map(|(k, v)| ({ let v = k; #own_key }, #own_value)).collect()
        };
        let declared = quote! { ::std::collections::BTreeMap<#key_type, #value_type> };
        self.add(name, &declared, &owned);
        let read = match default {
            None => quote! { rt::map::<#key_kind, #value_kind>(&mut self.#name, reader) },
            Some(default) => quote! {
                rt::map_with::<#key_kind, #value_kind>(&mut self.#name, reader, #default)
            },
        };
        self.arm(field, &read);
        Ok(())
    }

    /// The view of a oneof, where it is one.
    fn oneof(
        &mut self,
        views: &Views,
        message: &Message,
        index: usize,
    ) -> Result<Option<Addition>, Error> {
        let descriptors = message.descriptor.field.iter();
        let members: Vec<_> = descriptors
            .filter(|field| oneof_of(field) == Some(index))
            .collect();
        let (Some((view, rust)), Some(descriptor), false) = (
            message.oneofs.get(index),
            message.descriptor.oneof_decl.get(index),
            members.is_empty(),
        ) else {
            return Ok(None);
        };
        let name = ident(&snake(descriptor.name()))?;
        let inner = [&message.modules[..], &[snake(message.descriptor.name())]].concat();
        let borrows = members.iter().any(|field| {
            matches!(field.r#type(), Type::String | Type::Bytes)
                || views.borrowing.contains(field.type_name())
        });
        let lifetime = borrows.then(|| quote! { <'a> });
        let view_path = tokens(&relative(&message.modules, &inner, view))?;
        let owned_path = tokens(&relative(&message.modules, &inner, rust))?;

        let other = (members.len() > 1).then(|| quote! { _ => rt::None, });
        let mut variants = TokenStream::new();
        let mut owned = TokenStream::new();
        for field in members {
            let variant = ident(&type_name(field.name()))?;
            let FieldType { value, .. } = FieldType::of(views, message, field, &inner)?;
            variants.extend(quote! { #variant(#value), });
            let FieldType { kind, own, .. } =
                FieldType::of(views, message, field, &message.modules)?;
            owned.extend(quote! { #view_path::#variant(v) => #owned_path::#variant(#own), });
            self.arm(
                field,
                &quote! {
                    rt::member::<#kind, _>(
                        &mut self.#name,
                        reader,
                        |oneof| match oneof {
                            #view_path::#variant(v) => rt::Some(v),
                            #other
                        },
                        #view_path::#variant,
                    )
                },
            );
        }
        let declared = quote! { ::core::option::Option<#view_path #lifetime> };
        let owned = quote! { self.#name.as_ref().map(|v| match v { #owned }) };
        self.add_with(&name, &declared, &owned, None);

        let view = ident(view)?;
        let docs = format!(" A view of [`{rust}`].");
        let code = quote! {
            #[doc = #docs]
            #[derive(Clone, Debug, PartialEq)]
            pub enum #view #lifetime {
                #variants
            }
        };
        addition(message, &inner, code).map(Some)
    }

    fn add(&mut self, name: &Ident, declared: &TokenStream, owned: &TokenStream) {
        self.add_with(name, declared, owned, None);
    }

    fn add_with(
        &mut self,
        name: &Ident,
        declared: &TokenStream,
        owned: &TokenStream,
        default: Option<TokenStream>,
    ) {
        self.has_defaults |= default.is_some();
        let default = default.unwrap_or_else(|| quote! { rt::Default::default() });
        self.declarations.extend(quote! { pub #name: #declared, });
        self.owned.extend(quote! { #name: #owned, });
        self.defaults.extend(quote! { #name: #default, });
    }

    fn arm(&mut self, field: &FieldDescriptorProto, read: &TokenStream) {
        let number = Literal::i32_unsuffixed(field.number());
        self.arms.extend(quote! { #number => #read, });
    }

    /// The functions that prost has for enums, and for what may be missing.
    fn getter(
        &mut self,
        views: &Views,
        message: &Message,
        field: &FieldDescriptorProto,
        name: &Ident,
        ty: &FieldType,
        is_optional: bool,
    ) -> Result<(), Error> {
        let default = default(views, field)?;
        if field.r#type() == Type::Enum {
            let path = views.types.path(field.type_name(), &message.modules);
            let path = tokens(&found(path, message, field)?)?;
            let try_from = quote! { <#path as ::core::convert::TryFrom<i32>>::try_from };
            let value = if is_optional {
                quote! { self.#name.and_then(|v| #try_from(v).ok()) }
            } else {
                quote! { #try_from(self.#name).ok() }
            };
            let value = match default {
                None => quote! { #value.unwrap_or_default() },
                Some(default) => quote! {
                    #value.unwrap_or_else(|| #try_from(#default).unwrap_or_default())
                },
            };
            let docs =
                format!(" The enum value of `{name}`, or the default where it has no such value.");
            self.getters.extend(quote! {
                #[doc = #docs]
                pub fn #name(&self) -> #path {
                    #value
                }
            });
        } else if is_optional && !matches!(field.r#type(), Type::Message | Type::Group) {
            let value = &ty.value;
            let default = default.unwrap_or_else(|| quote! { rt::Default::default() });
            let docs = format!(" The value of `{name}`, or the default where it has none.");
            self.getters.extend(quote! {
                #[doc = #docs]
                pub fn #name(&self) -> #value {
                    self.#name.unwrap_or(#default)
                }
            });
        }
        Ok(())
    }

    fn code(self, views: &Views, message: &Message) -> Result<TokenStream, Error> {
        let Self {
            declarations,
            arms,
            owned,
            defaults,
            has_defaults,
            getters,
        } = self;
        let rust = ident(&message.rust)?;
        let view = views
            .types
            .view_ident(&message.name)
            .ok_or_else(|| Error::new(format!("the view of {} has no name", message.name)))?;
        let lifetime = views.lifetime(&message.name, "'a");
        let docs = format!(" A view of [`{rust}`].");
        let (derived, default) = if has_defaults {
            let default = quote! {
                impl #lifetime rt::Default for self::#view #lifetime {
                    fn default() -> Self {
                        Self { #defaults }
                    }
                }
            };
            (None, Some(default))
        } else {
            (Some(quote! { , Default }), None)
        };
        let getters = (!getters.is_empty()).then(|| {
            quote! {
                impl #lifetime self::#view #lifetime {
                    #getters
                }
            }
        });
        Ok(quote! {
            #[doc = #docs]
            #[derive(Clone, Debug, PartialEq #derived)]
            pub struct #view #lifetime {
                #declarations
            }

            const _: () = {
                use ::grpcweb_runtime::codegen::view as rt;

                impl rt::HasView for self::#rust {
                    type View<'a> = self::#view #lifetime;
                }

                impl<'a> rt::MessageView<'a> for self::#view #lifetime {
                    type Message = self::#rust;

                    fn to_owned_message(&self) -> self::#rust {
                        self::#rust { #owned }
                    }

                    fn merge_field(&mut self, reader: &mut rt::Reader<'a>) -> rt::Merged {
                        match reader.number() {
                            #arms
                            _ => reader.skip(),
                        }
                    }
                }

                #default

                #getters
            };
        })
    }
}

/// Whether prost has an `Option` for the field.
fn is_optional(message: &Message, field: &FieldDescriptorProto) -> bool {
    let is_message = field.r#type() == Type::Message;
    field.proto3_optional()
        || (field.label() == Label::Optional && (is_message || message.is_proto2))
}
