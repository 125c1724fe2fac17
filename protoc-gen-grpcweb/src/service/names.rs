//! What a service and its methods are called in Rust.

use heck::{ToShoutySnakeCase as _, ToSnakeCase as _, ToUpperCamelCase as _};
use proc_macro2::TokenStream;
use prost_build::{Comments, Method, Service};
use prost_types::method_options::IdempotencyLevel;
use quote::{format_ident, quote};
use syn::Ident;

use super::context::{Context, full_name};
use crate::Error;
use crate::options::is_at_or_below;
use crate::views::snake;

/// A service as generated code names it.
pub(super) struct ServiceNames {
    /// The full name on the wire, as in `helloworld.Greeter`.
    pub(super) full_name: String,
    /// The trait, as in `Greeter`.
    pub(super) trait_: Ident,
    pub(super) server: Ident,
    pub(super) server_mod: Ident,
    pub(super) client: Ident,
    /// In the same module, so that it can have the name of nothing else.
    pub(super) blocking_client: Ident,
    pub(super) client_mod: Ident,
    /// The constant, as in `GREETER_SERVICE`.
    pub(super) descriptor: Ident,
    pub(super) docs: TokenStream,
    pub(super) deprecated: bool,
    pub(super) methods: Vec<MethodNames>,
}

/// A method as generated code names it.
pub(super) struct MethodNames {
    /// The name on the wire, as in `SayHello`.
    pub(super) wire: String,
    /// The function, as in `say_hello`.
    pub(super) function: Ident,
    pub(super) input: syn::Type,
    /// What a server has for it, where that is a view.
    pub(super) view: Option<TokenStream>,
    pub(super) output: syn::Type,
    /// The fields of what it returns that are bytes, with their numbers.
    pub(super) bytes_of_output: Vec<(u32, Ident)>,
    pub(super) kind: Kind,
    pub(super) idempotency: IdempotencyLevel,
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
    pub(super) fn of(service: &Service, context: &Context) -> Result<Self, Error> {
        let name = &service.proto_name;
        let camel = after_digit(name.to_upper_camel_case());
        let snake = after_digit(name.to_snake_case());
        let in_rust = full_name(&service.package, name);
        let module = |side: &str| {
            let mut module = format!("{snake}_{side}");
            // No package and no message has a module whose name ends so.
            if context.renamed.has_module(&service.package, &module) {
                module.push('_');
            }
            ident(&module)
        };
        let methods = service
            .methods
            .iter()
            .map(|method| {
                MethodNames::of(method, &in_rust, context).map_err(|error| {
                    Error::with_source(format!("method {}", method.proto_name), error)
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            trait_: ident(&service.name)?,
            server: ident(&format!("{camel}Server"))?,
            server_mod: module("server")?,
            client: ident(&format!("{camel}Client"))?,
            blocking_client: ident(&format!("{camel}BlockingClient"))?,
            client_mod: module("client")?,
            descriptor: ident(&format!(
                "{}_SERVICE",
                after_digit(name.to_shouty_snake_case())
            ))?,
            docs: docs(&service.comments, &in_rust, context),
            deprecated: service.options.deprecated(),
            full_name: context.renamed.on_the_wire(&in_rust).to_owned(),
            methods,
        })
    }
}

impl MethodNames {
    fn of(method: &Method, service: &str, context: &Context) -> Result<Self, Error> {
        let kind = match (method.client_streaming, method.server_streaming) {
            (false, false) => Kind::Unary,
            (false, true) => Kind::ServerStreaming,
            (true, false) => Kind::ClientStreaming,
            (true, true) => Kind::BidiStreaming,
        };
        let in_rust = format!("{service}/{}", method.proto_name);
        let wire = match context.renamed.on_the_wire(&in_rust) {
            name if name == in_rust => &method.proto_name,
            name => name,
        };
        let input = message_type(&method.input_proto_type, &method.input_type, context)?;
        let is_extern = context.externs.cover(&method.input_proto_type);
        let view = context
            .views
            .request(&method.input_proto_type, &input, is_extern);
        Ok(Self {
            wire: wire.to_owned(),
            function: ident(&method.name)?,
            input,
            view,
            output: message_type(&method.output_proto_type, &method.output_type, context)?,
            bytes_of_output: bytes_of(&method.output_proto_type, context)?,
            kind,
            idempotency: method.options.idempotency_level(),
            deprecated: method.options.deprecated(),
            docs: docs(&method.comments, &in_rust.replace('/', "."), context),
        })
    }
}

/// The fields of a message that are bytes, where its code is known.
fn bytes_of(proto: &str, context: &Context) -> Result<Vec<(u32, Ident)>, Error> {
    if context.externs.cover(proto) {
        return Ok(vec![]);
    }
    let fields = context.bytes_fields.in_message(proto).iter();
    fields
        .map(|field| Ok((field.number, ident(&snake(&field.name))?)))
        .collect()
}

/// A message as seen from within the module of a server or a client, one below its package.
fn message_type(proto: &str, rust: &str, context: &Context) -> Result<syn::Type, Error> {
    let path = if context.externs.cover(proto) {
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

/// A name that begins with a digit is none in Rust.
fn after_digit(name: String) -> String {
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("_{name}")
    } else {
        name
    }
}

fn ident(name: &str) -> Result<Ident, Error> {
    syn::parse_str(name)
        .map_err(|error| Error::with_source(format!("{name:?} is not a Rust name"), error))
}

/// The comment of the `.proto` file, which is a mark for it by now, as a doc attribute.
fn docs(comments: &Comments, name: &str, context: &Context) -> TokenStream {
    let disabled = &context.options.disable_comments;
    if disabled.iter().any(|path| is_at_or_below(name, path)) {
        return TokenStream::new();
    }
    comments
        .leading
        .iter()
        .map(|line| {
            let line = format!(" {line}");
            quote! { #[doc = #line] }
        })
        .collect()
}
