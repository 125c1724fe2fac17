//! The plugin side: a `CodeGeneratorRequest` in, a `CodeGeneratorResponse` out.

use std::io::{Read, Write};

use prost::Message as _;
use prost_types::compiler::code_generator_response::{Feature, File};
use prost_types::compiler::{CodeGeneratorRequest, CodeGeneratorResponse};

use crate::Error;
use crate::generate::{self, GeneratedFile, Selection};
use crate::options::Options;

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
    let request = CodeGeneratorRequest::decode(bytes.as_slice())
        .map_err(|error| Error::with_source(NOT_A_REQUEST, error))?;
    let response = respond(request).encode_to_vec();
    output
        .write_all(&response)
        .and_then(|()| output.flush())
        .map_err(|error| Error::with_source("cannot hand the response to protoc", error))
}

fn respond(request: CodeGeneratorRequest) -> CodeGeneratorResponse {
    let mut response = CodeGeneratorResponse {
        supported_features: Some(u64::from(Feature::Proto3Optional as u32)),
        ..CodeGeneratorResponse::default()
    };
    match files(request) {
        Ok(files) => {
            response.file = files
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
    response
}

fn files(request: CodeGeneratorRequest) -> Result<Vec<GeneratedFile>, Error> {
    let options = Options::parse(request.parameter())?;
    let selection = Selection::Named(&request.file_to_generate);
    generate::generate(request.proto_file, selection, &options)
}
