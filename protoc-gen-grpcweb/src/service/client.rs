use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::names::{MethodNames, ServiceNames};
use super::{attributes, deprecation, feature_gate, input_of, prelude, result_of};
use crate::Error;
use crate::options::Options;

/// The client of a service.
pub(super) fn generate(service: &ServiceNames, options: &Options) -> Result<TokenStream, Error> {
    let ServiceNames {
        full_name,
        client,
        client_mod,
        ..
    } = service;
    let docs = Some(&service.docs).filter(|docs| !docs.is_empty());
    let docs = docs.map(|docs| quote! { #[doc = ""] #docs });
    let mod_docs = format!(" The client side of `{full_name}`.");
    let client_docs = format!(" Calls `{full_name}` over a transport.");
    let prelude = prelude();
    let deprecated = deprecation(service.deprecated);
    let feature = feature_gate(options.client_feature.as_ref());
    let mod_attributes = attributes(service, &options.client_mod_attributes)?;
    let client_attributes = attributes(service, &options.client_attributes)?;
    let constructor = constructor(service);
    let functions = service
        .methods
        .iter()
        .enumerate()
        .map(|(index, method)| function(service, index, method));
    Ok(quote! {
        #[doc = #mod_docs]
        #feature
        #mod_attributes
        pub mod #client_mod {
            #prelude

            #[doc = #client_docs]
            #docs
            #deprecated
            #client_attributes
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
