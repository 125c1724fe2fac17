use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::names::{MethodNames, ServiceNames};
use super::{
    attributes, deprecation, feature_gate, input_of, prelude, result_of, result_with_stream,
};
use crate::Error;
use crate::options::Options;

/// The clients of a service, in one module.
pub(super) fn generate(service: &ServiceNames, options: &Options) -> Result<TokenStream, Error> {
    let ServiceNames {
        full_name,
        client_mod,
        ..
    } = service;
    let mod_docs = format!(" The client side of `{full_name}`.");
    let prelude = prelude();
    let feature = feature_gate(options.client_feature.as_ref());
    let mod_attributes = attributes(service, &options.client_mod_attributes)?;
    let other = options
        .build_client
        .then(|| client(service, options, &ASYNC))
        .transpose()?;
    let blocking_client = options
        .build_blocking_client
        .then(|| client(service, options, &BLOCKING))
        .transpose()?;
    Ok(quote! {
        #[doc = #mod_docs]
        #feature
        #mod_attributes
        pub mod #client_mod {
            #prelude

            #other

            #blocking_client
        }
    })
}

/// What is different about a client.
struct Flavor {
    name: fn(&ServiceNames) -> &Ident,
    docs: &'static str,
    function: fn(&ServiceNames, usize, &MethodNames) -> TokenStream,
}

const ASYNC: Flavor = Flavor {
    name: |service| &service.client,
    docs: "over a transport.",
    function,
};

const BLOCKING: Flavor = Flavor {
    name: |service| &service.blocking_client,
    docs: "over a transport, without a runtime: a call returns when it is done.",
    function: blocking_function,
};

fn client(
    service: &ServiceNames,
    options: &Options,
    flavor: &Flavor,
) -> Result<TokenStream, Error> {
    let client = (flavor.name)(service);
    let docs = Some(&service.docs).filter(|docs| !docs.is_empty());
    let docs = docs.map(|docs| quote! { #[doc = ""] #docs });
    let client_docs = format!(" Calls `{}` {}", service.full_name, flavor.docs);
    let deprecated = deprecation(service.deprecated);
    let attributes = attributes(service, &options.client_attributes)?;
    let constructor = constructor(service);
    let functions = service
        .methods
        .iter()
        .enumerate()
        .map(|(index, method)| (flavor.function)(service, index, method));
    Ok(quote! {
        #[doc = #client_docs]
        #docs
        #deprecated
        #attributes
        #[derive(Debug, Clone)]
        pub struct #client<T> {
            client: rt::Client<T>,
        }

        impl<T> ::core::convert::From<rt::Client<T>> for #client<T> {
            fn from(client: rt::Client<T>) -> Self {
                Self { client }
            }
        }

        impl<T: rt::Transport> #client<T> {
            /// A client with the default settings. For others, it is made `From` a `Client`.
            pub fn #constructor(transport: T) -> Self {
                Self {
                    client: rt::Client::new(transport),
                }
            }

            #(#functions)*
        }
    })
}

/// `new`, unless a method has that name: then the constructor gives way. No method's name ends in an
/// underscore but those of keywords.
fn constructor(service: &ServiceNames) -> Ident {
    let taken = service.methods.iter().any(|m| m.function == "new");
    format_ident!("{}", if taken { "new_" } else { "new" })
}

fn function(service: &ServiceNames, index: usize, method: &MethodNames) -> TokenStream {
    let MethodNames {
        function,
        kind,
        docs,
        ..
    } = method;
    let descriptor = &service.descriptor;
    let deprecated = deprecation(method.deprecated);
    let input = input_of(method);
    let result = result_of(method);
    let kind = kind.function();
    let index = proc_macro2::Literal::usize_unsuffixed(index);
    quote! {
        #docs
        #deprecated
        pub fn #function<R: rt::IntoRequest<#input>>(
            &self,
            request: R,
        ) -> impl rt::Future<Output = #result> + use<T, R> {
            rt::client::#kind(&self.client, &super::#descriptor, #index, request)
        }
    }
}

fn blocking_function(service: &ServiceNames, index: usize, method: &MethodNames) -> TokenStream {
    let MethodNames {
        function,
        input,
        kind,
        docs,
        ..
    } = method;
    let descriptor = &service.descriptor;
    let deprecated = deprecation(method.deprecated);
    let result = result_with_stream(method, &quote! { rt::blocking::Messages });
    let (into_request, convert) = if kind.client_streams() {
        let into_request = quote! { rt::blocking::IntoStreamingRequest };
        (into_request, quote! { into_streaming_request })
    } else {
        (quote! { rt::IntoRequest }, quote! { into_request })
    };
    let kind = kind.function();
    let index = proc_macro2::Literal::usize_unsuffixed(index);
    quote! {
        #docs
        #deprecated
        pub fn #function<R: #into_request<#input>>(&self, request: R) -> #result {
            let client = ::core::clone::Clone::clone(&self.client);
            let request = #into_request::#convert(request);
            rt::blocking::#kind(client, rt::method(&super::#descriptor, #index), request)
        }
    }
}
