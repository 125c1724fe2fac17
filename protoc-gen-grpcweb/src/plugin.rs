//! The plugin side: a `CodeGeneratorRequest` in, a `CodeGeneratorResponse` out.

use std::io::{Read, Write};

use prost::Message;
use prost_types::compiler::code_generator_response::{Feature, File};
use prost_types::compiler::{CodeGeneratorRequest, CodeGeneratorResponse};

use crate::Error;
use crate::generate::{self, Generated, Selection};
use crate::lower::{Descriptors, EDITIONS};
use crate::options::Options;

/// `FEATURE_SUPPORTS_EDITIONS`, and the fields of a `CodeGeneratorResponse` that go with it, none of
/// which `prost_types` has.
const SUPPORTS_EDITIONS: u64 = 2;

#[derive(Clone, PartialEq, Message)]
struct SupportedEditions {
    #[prost(int32, tag = "3")]
    minimum_edition: i32,
    #[prost(int32, tag = "4")]
    maximum_edition: i32,
}

const NOT_A_REQUEST: &str =
    "what came in is not a request of protoc, which runs this program by itself for --grpcweb_out";

/// Does what `protoc` asks a plugin for. What is wrong with the `.proto` files or the options goes
/// into the response, for `protoc` to show.
///
/// # Errors
///
/// Where `input` is not the request of a `protoc`, or `output` is closed.
pub fn run_plugin(mut input: impl Read, mut output: impl Write) -> Result<(), Error> {
    let mut bytes = Vec::new();
    input
        .read_to_end(&mut bytes)
        .map_err(|error| Error::with_source("cannot read the request of protoc", error))?;
    if bytes.is_empty() {
        return Err(Error::new(NOT_A_REQUEST));
    }
    let (descriptors, request) = Descriptors::from_request(&bytes)
        .map_err(|error| Error::with_source(NOT_A_REQUEST, error))?;
    let response = respond(descriptors, &request);
    output
        .write_all(&response)
        .and_then(|()| output.flush())
        .map_err(|error| Error::with_source("cannot hand the response to protoc", error))
}

/// The bytes of the response.
fn respond(descriptors: Descriptors, request: &CodeGeneratorRequest) -> Vec<u8> {
    let mut response = CodeGeneratorResponse {
        supported_features: Some(Feature::Proto3Optional as u64 | SUPPORTS_EDITIONS),
        ..CodeGeneratorResponse::default()
    };
    match generated(descriptors, request) {
        Ok(generated) => {
            for warning in generated.warnings {
                eprintln!("protoc-gen-grpcweb: warning: {warning}");
            }
            response.file = generated
                .files
                .into_iter()
                .map(|file| File {
                    name: Some(file.name),
                    content: Some(file.content),
                    ..File::default()
                })
                .collect();
        }
        Err(error) => response.error = Some(error.to_string()),
    }
    let editions = SupportedEditions {
        minimum_edition: EDITIONS.0,
        maximum_edition: EDITIONS.1,
    };
    // A message in two parts is the two of them one after the other.
    [response.encode_to_vec(), editions.encode_to_vec()].concat()
}

fn generated(descriptors: Descriptors, request: &CodeGeneratorRequest) -> Result<Generated, Error> {
    let options = Options::parse(request.parameter())?;
    let selection = Selection::Named(&request.file_to_generate);
    generate::generate(descriptors, selection, &options)
}
