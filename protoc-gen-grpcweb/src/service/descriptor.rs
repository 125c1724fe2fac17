use proc_macro2::TokenStream;
use prost_types::method_options::IdempotencyLevel;
use quote::quote;

use super::names::ServiceNames;

/// The constant that says what the `.proto` file says about the service.
pub(super) fn generate(service: &ServiceNames) -> TokenStream {
    let name = &service.full_name;
    let constant = &service.descriptor;
    let docs = format!(" The service `{name}` and its methods.");
    let methods = service.methods.iter().map(|method| {
        let path = format!("/{name}/{}", method.wire);
        let kind = method.kind.variant();
        let idempotency = match method.idempotency {
            IdempotencyLevel::IdempotencyUnknown => None,
            IdempotencyLevel::NoSideEffects => Some(quote! { NoSideEffects }),
            IdempotencyLevel::Idempotent => Some(quote! { Idempotent }),
        };
        let idempotency = idempotency.map(|level| {
            quote! { .with_idempotency(rt::Idempotency::#level) }
        });
        let deprecated = method.deprecated.then(|| quote! { .as_deprecated() });
        quote! {
            rt::MethodDescriptor::new(#path, rt::MethodKind::#kind)
            #idempotency
            #deprecated
        }
    });
    quote! {
        #[doc = #docs]
        pub static #constant: ::grpcweb_runtime::codegen::ServiceDescriptor = {
            use ::grpcweb_runtime::codegen as rt;

            rt::ServiceDescriptor::new(#name, &[#(#methods),*])
        };
    }
}
