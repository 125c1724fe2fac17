use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::names::{Kind, MethodNames, ServiceNames};
use super::{attributes, deprecation, feature_gate, input_of, prelude, result_of};
use crate::Error;
use crate::options::Options;

/// The trait that a service implements, and the server that calls it.
pub(super) fn generate(service: &ServiceNames, options: &Options) -> Result<TokenStream, Error> {
    let ServiceNames {
        full_name,
        trait_,
        server,
        server_mod,
        descriptor,
        docs,
        ..
    } = service;
    let mod_docs = format!(" The server side of `{full_name}`.");
    let server_docs =
        format!(" Serves [`{trait_}`] at the paths `/{full_name}/…`, as a tower service.");
    let prelude = prelude();
    let deprecated = deprecation(service.deprecated);
    let t = parameter(service);
    let feature = feature_gate(options.server_feature.as_ref());
    let mod_attributes = attributes(service, &options.server_mod_attributes)?;
    let server_attributes = attributes(service, &options.server_attributes)?;
    let stubs = options.generate_default_stubs;
    let declarations = service
        .methods
        .iter()
        .map(|method| declaration(service, method, stubs));
    let arms = service.methods.iter().map(|method| arm(service, method));
    Ok(quote! {
        #[doc = #mod_docs]
        #feature
        #mod_attributes
        pub mod #server_mod {
            #prelude

            #docs
            #deprecated
            pub trait #trait_: rt::Send + rt::Sync + 'static {
                #(#declarations)*
            }

            #[doc = #server_docs]
            #deprecated
            #server_attributes
            pub struct #server<#t> {
                service: ::std::sync::Arc<#t>,
                settings: rt::Settings,
            }

            impl<#t: #trait_> #server<#t> {
                /// Serves a service of its own.
                pub fn new(service: #t) -> Self {
                    Self::from_arc(::std::sync::Arc::new(service))
                }

                /// Serves a service that is used elsewhere too.
                pub fn from_arc(service: ::std::sync::Arc<#t>) -> Self {
                    let options = rt::ServerOptions::new();
                    Self {
                        service,
                        settings: rt::Settings::new(&super::#descriptor, options),
                    }
                }

                /// Sets what calls are allowed, and how they are answered. What was set before stays where
                /// nothing else is set.
                #[must_use]
                #[track_caller]
                pub fn with_options(mut self, options: rt::ServerOptions) -> Self {
                    self.settings = self.settings.with(&super::#descriptor, options);
                    self
                }
            }

            impl<#t: #trait_> rt::RpcService for #server<#t> {
                fn descriptor(&self) -> &'static rt::ServiceDescriptor {
                    &super::#descriptor
                }

                fn settings(&self) -> &rt::Settings {
                    &self.settings
                }

                fn call(
                    &self,
                    call: rt::Call,
                ) -> rt::ResponseFuture {
                    match call.method() {
                        #(#arms)*
                        _ => call.unimplemented(),
                    }
                }
            }

            rt::tower_service!(#server, #trait_);
        }
    })
}

/// The parameter for the implementation, which gives way where the service itself has its name.
fn parameter(service: &ServiceNames) -> Ident {
    format_ident!("{}", if service.trait_ == "T" { "T2" } else { "T" })
}

fn declaration(service: &ServiceNames, method: &MethodNames, stub: bool) -> TokenStream {
    let MethodNames { function, docs, .. } = method;
    let deprecated = deprecation(method.deprecated);
    let input = taken(method);
    let result = result_of(method);
    let body = if stub {
        let message = format!("{}/{} is not implemented", service.full_name, method.wire);
        quote! {
            {
                let _ = request;
                async { rt::Result::Err(rt::Status::unimplemented(#message)) }
            }
        }
    } else {
        quote! { ; }
    };
    quote! {
        #docs
        #deprecated
        fn #function(
            &self,
            request: rt::Request<#input>,
        ) -> impl rt::Future<Output = #result> + rt::Send #body
    }
}

/// What a method of the trait takes.
fn taken(method: &MethodNames) -> TokenStream {
    let input = &method.input;
    match &method.view {
        Some(_) if method.kind.client_streams() => quote! { rt::Streaming<rt::Encoded<#input>> },
        Some(view) => view.clone(),
        None => input_of(method),
    }
}

fn arm(service: &ServiceNames, method: &MethodNames) -> TokenStream {
    let MethodNames {
        wire,
        function,
        kind,
        input,
        bytes_of_output,
        ..
    } = method;
    let trait_ = &service.trait_;
    let t = parameter(service);
    let takes_view = method.view.is_some() && !kind.client_streams();
    let kind = kind.function();
    if takes_view {
        return quote! {
            #wire => rt::view::#kind::<#input, _, _, _>(
                call,
                &self.service,
                <#t as #trait_>::#function,
            ),
        };
    }
    if matches!(method.kind, Kind::Unary) && !bytes_of_output.is_empty() {
        let (numbers, fields): (Vec<_>, Vec<_>) = bytes_of_output.iter().cloned().unzip();
        return quote! {
            #wire => rt::server::unary_apart(
                call,
                rt::Prost,
                &self.service,
                <#t as #trait_>::#function,
                |reply| rt::Apart::first_of(&mut [#((#numbers, &mut reply.#fields)),*]),
            ),
        };
    }
    quote! {
        #wire => rt::server::#kind(call, rt::Prost, &self.service, <#t as #trait_>::#function),
    }
}
