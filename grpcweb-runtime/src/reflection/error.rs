use std::error::Error;
use std::fmt;

/// Why there is no [`Reflection`](super::Reflection): a mistake in how the program was built, for its developer
/// to read.
#[derive(Debug)]
pub struct InvalidReflection {
    message: String,
    source: Option<prost::DecodeError>,
}

impl InvalidReflection {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            source: None,
        }
    }

    /// A set that cannot be read; `number` counts from 1.
    pub(super) fn malformed(number: usize, source: impl Into<Option<prost::DecodeError>>) -> Self {
        Self {
            message: format!(
                "descriptor set {number} is no encoded google.protobuf.FileDescriptorSet with files: use \
                 FILE_DESCRIPTOR_SET, which protoc-gen-grpcweb writes with the option file_descriptor_set, or \
                 what `protoc --include_imports --descriptor_set_out=FILE` wrote"
            ),
            source: source.into(),
        }
    }
}

impl fmt::Display for InvalidReflection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for InvalidReflection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
