use crate::MetadataMap;
use crate::optional_metadata::OptionalMetadata;

/// A response message, or a stream of them, with what travels beside it.
///
/// ```
/// use grpcweb_runtime::Response;
///
/// let mut response = Response::new("hello".to_string());
/// response.metadata_mut().insert("x-cache", "hit")?;
/// response.trailers_mut().insert("x-cost", "3")?;
///
/// assert_eq!(response.into_inner(), "hello");
/// # Ok::<(), grpcweb_runtime::InvalidMetadata>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Response<T> {
    message: T,
    metadata: OptionalMetadata,
    trailers: OptionalMetadata,
}

impl<T> Response<T> {
    /// A response without metadata.
    #[must_use]
    pub fn new(message: T) -> Self {
        Self::from_parts(
            message,
            OptionalMetadata::default(),
            OptionalMetadata::default(),
        )
    }

    pub(crate) fn from_parts(
        message: T,
        metadata: impl Into<OptionalMetadata>,
        trailers: impl Into<OptionalMetadata>,
    ) -> Self {
        Self {
            message,
            metadata: metadata.into(),
            trailers: trailers.into(),
        }
    }

    #[cfg(feature = "blocking")]
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        Response::from_parts(change(self.message), self.metadata, self.trailers)
    }

    pub(crate) fn into_parts(self) -> (T, OptionalMetadata, OptionalMetadata) {
        (self.message, self.metadata, self.trailers)
    }

    /// The message.
    #[must_use]
    pub fn get_ref(&self) -> &T {
        &self.message
    }

    /// The message, to be changed.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.message
    }

    /// The message alone.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.message
    }

    /// The initial metadata: the headers of the HTTP response.
    #[must_use]
    pub fn metadata(&self) -> &MetadataMap {
        self.metadata.get()
    }

    /// The initial metadata, to be changed.
    pub fn metadata_mut(&mut self) -> &mut MetadataMap {
        self.metadata.get_mut()
    }

    /// The trailing metadata. A client that receives a stream finds it in
    /// [`Streaming::trailers`](crate::Streaming::trailers) once the stream has ended.
    #[must_use]
    pub fn trailers(&self) -> &MetadataMap {
        self.trailers.get()
    }

    /// The trailing metadata, to be changed: sent after the message, or after the end of the stream.
    pub fn trailers_mut(&mut self) -> &mut MetadataMap {
        self.trailers.get_mut()
    }
}
