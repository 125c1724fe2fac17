use proc_macro2::TokenStream;
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
        quote! {
            ::grpcweb_runtime::codegen::MethodDescriptor::new(
                #path,
                ::grpcweb_runtime::codegen::MethodKind::#kind,
            )
        }
    });
    quote! {
        #[doc = #docs]
        pub static #constant: ::grpcweb_runtime::codegen::ServiceDescriptor =
            ::grpcweb_runtime::codegen::ServiceDescriptor::new(#name, &[#(#methods),*]);
    }
}
