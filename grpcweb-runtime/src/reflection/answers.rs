use std::collections::HashSet;
use std::sync::Arc;

use super::files::Files;
use super::v1::server_reflection_request::MessageRequest as Asked;
use super::v1::server_reflection_response::MessageResponse as Answer;
use super::v1::{
    ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse,
    ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
};
use crate::{Code, Status};

/// Answers the requests of one stream.
#[derive(Debug)]
pub(super) struct Answers {
    files: Arc<Files>,
    listed: Arc<[String]>,
    /// The names of the files that the stream has had.
    sent: HashSet<String>,
}

impl Answers {
    pub(super) fn new(files: Arc<Files>, listed: Arc<[String]>) -> Self {
        let sent = HashSet::new();
        Self {
            files,
            listed,
            sent,
        }
    }

    /// What is not there is an answer too; a request for nothing ends the stream.
    pub(super) fn answer(
        &mut self,
        request: ServerReflectionRequest,
    ) -> Result<ServerReflectionResponse, Status> {
        let asked = request.message_request.as_ref();
        let asked =
            asked.ok_or_else(|| Status::invalid_argument("the request asks for nothing"))?;
        let answer = self.find(asked).unwrap_or_else(|| {
            Answer::ErrorResponse(ErrorResponse {
                error_code: Code::NotFound.into(),
                error_message: not_found(asked).to_owned(),
            })
        });
        Ok(ServerReflectionResponse {
            valid_host: request.host.clone(),
            message_response: Some(answer),
            original_request: Some(request),
        })
    }

    fn find(&mut self, asked: &Asked) -> Option<Answer> {
        let files = Arc::clone(&self.files);
        match asked {
            Asked::FileByFilename(name) => self.file(name),
            Asked::FileContainingSymbol(symbol) => self.file(files.of_symbol(symbol)?),
            Asked::FileContainingExtension(extension) => {
                let (extended, number) = (&extension.containing_type, extension.extension_number);
                self.file(files.of_extension(extended, number)?)
            }
            Asked::AllExtensionNumbersOfType(message) => {
                let numbers = ExtensionNumberResponse {
                    base_type_name: message.clone(),
                    extension_number: files.extensions_of(message)?,
                };
                Some(Answer::AllExtensionNumbersResponse(numbers))
            }
            Asked::ListServices(_) => {
                let listed = self.listed.iter().cloned();
                let service = listed.map(|name| ServiceResponse { name }).collect();
                Some(Answer::ListServicesResponse(ListServiceResponse {
                    service,
                }))
            }
        }
    }

    fn file(&mut self, name: &str) -> Option<Answer> {
        let file_descriptor_proto = self.files.with_imports(name, &mut self.sent)?;
        Some(Answer::FileDescriptorResponse(FileDescriptorResponse {
            file_descriptor_proto,
        }))
    }
}

/// Without the name, which is in the original request, and may be long.
fn not_found(asked: &Asked) -> &'static str {
    match asked {
        Asked::FileByFilename(_) => "there is no file with this name",
        Asked::FileContainingSymbol(_) => "there is nothing with this name",
        Asked::AllExtensionNumbersOfType(_) => "there is no message with this name",
        Asked::FileContainingExtension(_) => "there is no such extension of this message",
        Asked::ListServices(_) => "",
    }
}
