//! What a service and its methods are called in Rust.

use heck::{ToShoutySnakeCase as _, ToSnakeCase as _, ToUpperCamelCase as _};
use proc_macro2::TokenStream;
use prost_build::{Comments, Method, Service};
use quote::{ToTokens as _, format_ident};
use syn::Ident;

use crate::Error;
use crate::options::Options;

/// A service as generated code names it.
pub(super) struct ServiceNames {
    /// The full name on the wire, as in `helloworld.Greeter`.
    pub(super) full_name: String,
    /// The trait, as in `Greeter`.
    pub(super) trait_: Ident,
    pub(super) server: Ident,
    pub(super) server_mod: Ident,
    pub(super) client: Ident,
    pub(super) client_mod: Ident,
    /// The constant, as in `GREETER_SERVICE`.
    pub(super) descriptor: Ident,
    pub(super) docs: TokenStream,
    pub(super) methods: Vec<MethodNames>,
}

/// A method as generated code names it.
pub(super) struct MethodNames {
    /// The name on the wire, as in `SayHello`.
    pub(super) wire: String,
    /// The function, as in `say_hello`.
    pub(super) function: Ident,
    pub(super) input: syn::Type,
    pub(super) output: syn::Type,
    pub(super) kind: Kind,
    pub(super) deprecated: bool,
    pub(super) docs: TokenStream,
}

/// On which sides messages stream.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Unary,
    ServerStreaming,
    ClientStreaming,
    BidiStreaming,
}

impl Kind {
    /// The variant of the runtime's `MethodKind`.
    pub(super) fn variant(self) -> Ident {
        format_ident!("{self:?}")
    }

    /// The function of the runtime's `Call` and `Client`.
    pub(super) fn function(self) -> Ident {
        format_ident!("{}", format!("{self:?}").to_snake_case())
    }

    pub(super) fn client_streams(self) -> bool {
        matches!(self, Self::ClientStreaming | Self::BidiStreaming)
    }

    pub(super) fn server_streams(self) -> bool {
        matches!(self, Self::ServerStreaming | Self::BidiStreaming)
    }
}

impl ServiceNames {
    pub(super) fn of(service: &Service, options: &Options) -> Result<Self, Error> {
        let name = &service.proto_name;
        let camel = name.to_upper_camel_case();
        let snake = name.to_snake_case();
        let full_name = match service.package.as_str() {
            "" => name.clone(),
            package => format!("{package}.{name}"),
        };
        let context = |error| Error::with_source(format!("service {full_name}"), error);
        let methods = service
            .methods
            .iter()
            .map(|method| {
                MethodNames::of(method, options).map_err(|error| {
                    let context = format!("service {full_name}, method {}", method.proto_name);
                    Error::with_source(context, error)
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            trait_: ident(&service.name).map_err(context)?,
            server: ident(&format!("{camel}Server")).map_err(context)?,
            server_mod: ident(&format!("{snake}_server")).map_err(context)?,
            client: ident(&format!("{camel}Client")).map_err(context)?,
            client_mod: ident(&format!("{snake}_client")).map_err(context)?,
            descriptor: ident(&format!("{}_SERVICE", name.to_shouty_snake_case()))
                .map_err(context)?,
            docs: docs(&service.comments).map_err(context)?,
            full_name,
            methods,
        })
    }
}

impl MethodNames {
    fn of(method: &Method, options: &Options) -> Result<Self, Error> {
        let kind = match (method.client_streaming, method.server_streaming) {
            (false, false) => Kind::Unary,
            (false, true) => Kind::ServerStreaming,
            (true, false) => Kind::ClientStreaming,
            (true, true) => Kind::BidiStreaming,
        };
        Ok(Self {
            wire: method.proto_name.clone(),
            function: ident(&method.name)?,
            input: message_type(&method.input_proto_type, &method.input_type, options)?,
            output: message_type(&method.output_proto_type, &method.output_type, options)?,
            kind,
            deprecated: method.options.deprecated(),
            docs: docs(&method.comments)?,
        })
    }
}

/// A message as seen from within the module of a server or a client, one below its package.
fn message_type(proto: &str, rust: &str, options: &Options) -> Result<syn::Type, Error> {
    let path = if is_extern(proto, options) {
        match rust {
            "bool" | "f32" | "f64" | "i32" | "i64" | "u32" | "u64" => {
                format!("::core::primitive::{rust}")
            }
            _ => rust.to_owned(),
        }
    } else {
        format!("super::{rust}")
    };
    syn::parse_str(&path)
        .map_err(|error| Error::with_source(format!("{rust:?} for {proto} is not a type"), error))
}

/// Whether the Rust path of a message was given to prost-build, and stands wherever it is put.
fn is_extern(proto: &str, options: &Options) -> bool {
    options
        .extern_paths
        .iter()
        .map(|(path, _)| path.as_str())
        .chain([".google.protobuf"])
        .any(|path| {
            let rest = proto.strip_prefix(path.trim_end_matches('.'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
}

fn ident(name: &str) -> Result<Ident, Error> {
    syn::parse_str(name)
        .map_err(|error| Error::with_source(format!("{name:?} is not a Rust name"), error))
}

/// The comments of the `.proto` file as doc attributes.
fn docs(comments: &Comments) -> Result<TokenStream, Error> {
    let comments = Comments {
        leading_detached: Vec::new(),
        ..comments.clone()
    };
    let mut text = String::new();
    comments.append_with_indent(0, &mut text);
    let file = syn::parse_str::<syn::ItemStruct>(&format!("{text}\nstruct Documented;"))
        .map_err(|error| Error::with_source("its comments are not fit for Rust", error))?;
    Ok(file
        .attrs
        .iter()
        .map(|attr| attr.to_token_stream())
        .collect())
}
