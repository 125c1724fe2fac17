//! The code for a service: its descriptor, its trait and server, its client.

mod bytes_fields;
mod client;
mod context;
mod descriptor;
mod names;
mod server;

use std::collections::HashSet;
use std::rc::Rc;

use proc_macro2::TokenStream;
use prost_build::Service;
use quote::quote;

use crate::Error;
use crate::options::is_at_or_below;
pub(crate) use context::Context;
use names::{MethodNames, ServiceNames};

/// Writes services behind the messages of their package.
pub(crate) struct ServiceGenerator {
    context: Rc<Context>,
    /// The packages that have code for a service.
    packages: HashSet<String>,
}

impl ServiceGenerator {
    pub(crate) fn new(context: Rc<Context>) -> Self {
        Self {
            context,
            packages: HashSet::new(),
        }
    }

    fn service(&self, service: &Service) -> Result<TokenStream, Error> {
        let options = &self.context.options;
        let names = ServiceNames::of(service, &self.context)?;
        let has_client = options.build_client || options.build_blocking_client;
        let wanted = has_client || options.build_server;
        if !(wanted && self.context.is_wanted(&names.full_name)) {
            return Ok(TokenStream::new());
        }
        let descriptor = descriptor::generate(&names);
        let server = options
            .build_server
            .then(|| server::generate(&names, options))
            .transpose()?;
        let client = has_client
            .then(|| client::generate(&names, options))
            .transpose()?;
        Ok(quote! { #descriptor #server #client })
    }
}

impl prost_build::ServiceGenerator for ServiceGenerator {
    fn generate(&mut self, service: Service, buf: &mut String) {
        match self.service(&service) {
            // prost-build forgets a package without code, and then misses it.
            Ok(code) if code.is_empty() => buf.push('\n'),
            Ok(code) => {
                buf.push_str(&code.to_string());
                self.packages.insert(service.package);
            }
            Err(error) => self.context.report(&service, &error),
        }
    }

    fn finalize_package(&mut self, package: &str, buf: &mut String) {
        if !self.packages.contains(package) {
            return;
        }
        let (major, minor) = (
            env!("CARGO_PKG_VERSION_MAJOR"),
            env!("CARGO_PKG_VERSION_MINOR"),
        );
        let version = format!("{major}.{minor}");
        // Code of one version need not fit a runtime of another.
        let check = quote! {
            const _: () = ::grpcweb_runtime::codegen::assert_version(#version);
        };
        buf.push_str(&check.to_string());
    }
}

/// What stands at the top of each generated module: lints that a user's crate may have on and that
/// generated code is not written for, and a short name for the runtime. Nothing else in the module
/// can have that name, because services and their servers and clients begin with a capital.
fn prelude() -> TokenStream {
    quote! {
        #![allow(dead_code, deprecated, missing_docs, unreachable_pub)]
        #![allow(clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]

        use ::grpcweb_runtime::codegen as rt;
    }
}

/// `#[deprecated]`, where the `.proto` file says so.
fn deprecation(deprecated: bool) -> Option<TokenStream> {
    deprecated.then(|| quote! { #[deprecated] })
}

/// The attributes that the options have for a service.
fn attributes(service: &ServiceNames, options: &[(String, String)]) -> Result<TokenStream, Error> {
    options
        .iter()
        .filter(|(path, _)| is_at_or_below(&service.full_name, path))
        .map(|(path, attribute)| {
            attribute.parse::<TokenStream>().map_err(|error| {
                Error::with_source(
                    format!("the attribute {attribute:?} for {path} is malformed"),
                    error.to_string(),
                )
            })
        })
        .collect()
}

/// Puts a module behind a feature of the user's crate.
fn feature_gate(feature: Option<&String>) -> Option<TokenStream> {
    feature.map(|feature| quote! { #[cfg(feature = #feature)] })
}

/// What a method takes: a message, or a stream of them.
fn input_of(method: &MethodNames) -> TokenStream {
    let input = &method.input;
    streaming_if(
        method.kind.client_streams(),
        &quote! { rt::Streaming },
        &quote! { #input },
    )
}

/// What a method returns, on both sides.
fn result_of(method: &MethodNames) -> TokenStream {
    result_with_stream(method, &quote! { rt::Streaming })
}

/// The same, with another type for streams.
fn result_with_stream(method: &MethodNames, stream: &TokenStream) -> TokenStream {
    let output = &method.output;
    let output = streaming_if(method.kind.server_streams(), stream, &quote! { #output });
    quote! { rt::Result<rt::Response<#output>> }
}

fn streaming_if(streams: bool, stream: &TokenStream, message: &TokenStream) -> TokenStream {
    if streams {
        quote! { #stream<#message> }
    } else {
        message.clone()
    }
}
