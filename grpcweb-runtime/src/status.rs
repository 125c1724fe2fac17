use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use prost::{Message, Name};
use prost_types::Any;

use crate::error_details;
use crate::{BoxError, Code, InvalidMetadata, MetadataMap};

/// How a call failed: a code, a message, and what the peer may want to know beside them.
///
/// The error type of handlers and of client calls. One pointer wide, so that a `Result` with it
/// stays small.
///
/// ```
/// use grpcweb_runtime::{Code, Status};
/// use grpcweb_runtime::error_details::BadRequest;
///
/// let status = Status::invalid_argument("the name is empty")
///     .with_detail(&BadRequest::violation("name", "must not be empty"));
///
/// assert_eq!(status.code(), Code::InvalidArgument);
/// let details: BadRequest = status.detail().expect("we just put one in");
/// assert_eq!(details.field_violations[0].field, "name");
/// ```
#[derive(Clone)]
pub struct Status(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: Code,
    message: Cow<'static, str>,
    details: Vec<Any>,
    initial: MetadataMap,
    metadata: MetadataMap,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Status {
    /// A status with a code and a message for the peer's developers.
    ///
    /// A failed call cannot be [`Code::Ok`]: a server that returns such a status answers
    /// [`Code::Unknown`].
    #[must_use]
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            details: Vec::new(),
            initial: MetadataMap::new(),
            metadata: MetadataMap::new(),
            source: None,
        }))
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The message, which any characters may be in.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The metadata that travels with the status: the trailing metadata of the call.
    #[must_use]
    pub fn metadata(&self) -> &MetadataMap {
        &self.0.metadata
    }

    /// The metadata that travels with the status, to be changed.
    pub fn metadata_mut(&mut self) -> &mut MetadataMap {
        &mut self.0.metadata
    }

    /// The metadata that came before the status: the headers of a response that was only an error.
    #[must_use]
    pub fn initial_metadata(&self) -> &MetadataMap {
        &self.0.initial
    }

    /// The metadata that goes before the status, to be changed. Sent where a call fails before its
    /// response has begun: not at the end of a stream.
    pub fn initial_metadata_mut(&mut self) -> &mut MetadataMap {
        &mut self.0.initial
    }

    /// Adds a typed detail, one of those in [`error_details`] or your own.
    ///
    /// Details travel in `grpc-status-details-bin`, in a `google.rpc.Status` that always has the
    /// code and the message of this status.
    #[must_use]
    pub fn with_detail<M: Message + Name>(mut self, detail: &M) -> Self {
        self.0.details.push(Any {
            type_url: M::type_url(),
            value: detail.encode_to_vec(),
        });
        self
    }

    /// Adds a detail that is packed already, as one is that another server sent.
    #[must_use]
    pub fn with_any_detail(mut self, detail: Any) -> Self {
        self.0.details.push(detail);
        self
    }

    /// The first detail of this type; `None` where there is none that can be decoded.
    #[must_use]
    pub fn detail<M: Message + Name + Default>(&self) -> Option<M> {
        self.0.details.iter().find_map(|any| any.to_msg().ok())
    }

    /// All details, as they travel.
    #[must_use]
    pub fn details(&self) -> &[Any] {
        &self.0.details
    }

    /// Keeps the error that led to this status, for logs on this side. It is not sent.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    pub(crate) fn with_initial_metadata(mut self, metadata: MetadataMap) -> Self {
        self.0.initial = metadata;
        self
    }

    pub(crate) fn with_metadata(mut self, metadata: MetadataMap) -> Self {
        self.0.metadata = metadata;
        self
    }

    pub(crate) fn with_details(mut self, details: Vec<Any>) -> Self {
        self.0.details = details;
        self
    }

    /// The status inside an error's chain of sources, if one is there.
    pub(crate) fn find_in<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        let mut error = Some(error);
        while let Some(current) = error {
            if let Some(status) = current.downcast_ref() {
                return Some(status);
            }
            error = current.source();
        }
        None
    }

    /// The value of `grpc-status-details-bin` before base64, where there are details.
    pub(crate) fn encoded_details(&self) -> Option<Bytes> {
        if self.0.details.is_empty() {
            return None;
        }
        let status = error_details::Status {
            code: self.code().into(),
            message: self.message().to_owned(),
            details: self.0.details.clone(),
        };
        Some(status.encode_to_vec().into())
    }
}

macro_rules! constructors {
    ($($name:ident => $code:ident,)*) => {
        impl Status {
            $(
                #[doc = concat!("A status with [`Code::", stringify!($code), "`].")]
                #[must_use]
                pub fn $name(message: impl Into<Cow<'static, str>>) -> Self {
                    Self::new(Code::$code, message)
                }
            )*
        }
    };
}

constructors! {
    cancelled => Cancelled,
    unknown => Unknown,
    invalid_argument => InvalidArgument,
    deadline_exceeded => DeadlineExceeded,
    not_found => NotFound,
    already_exists => AlreadyExists,
    permission_denied => PermissionDenied,
    resource_exhausted => ResourceExhausted,
    failed_precondition => FailedPrecondition,
    aborted => Aborted,
    out_of_range => OutOfRange,
    unimplemented => Unimplemented,
    internal => Internal,
    unavailable => Unavailable,
    data_loss => DataLoss,
    unauthenticated => Unauthenticated,
}

/// Shows `CODE: message`.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.message())
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Status");
        out.field("code", &self.0.code);
        out.field("message", &self.0.message);
        if !self.0.details.is_empty() {
            let types: Vec<_> = self.0.details.iter().map(|any| &any.type_url).collect();
            out.field("details", &types);
        }
        if !self.0.initial.is_empty() {
            out.field("initial_metadata", &self.0.initial);
        }
        if !self.0.metadata.is_empty() {
            out.field("metadata", &self.0.metadata);
        }
        if let Some(source) = &self.0.source {
            out.field("source", source);
        }
        out.finish()
    }
}

impl Error for Status {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<InvalidMetadata> for Status {
    fn from(error: InvalidMetadata) -> Self {
        Self::internal(error.to_string()).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_pointer_wide_and_can_cross_threads() {
        fn crosses_threads<T: Send + Sync + 'static>() {}
        crosses_threads::<Status>();
        assert_eq!(size_of::<Status>(), size_of::<usize>());
        assert_eq!(size_of::<Result<(), Status>>(), size_of::<usize>());
    }

    #[test]
    fn the_source_is_kept_for_this_side() {
        let status = Status::unavailable("no database").with_source("connection refused");
        assert_eq!(status.source().unwrap().to_string(), "connection refused");
        assert_eq!(status.to_string(), "UNAVAILABLE: no database");
    }
}
