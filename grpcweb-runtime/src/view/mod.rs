//! Messages that are read where they lie: fields that borrow from the bytes that came.
//!
//! prost copies every string of a message, and hashes every key of a map. For a large message of which a
//! handler looks at a part, that is most of what the call costs. The generator's option `views`, as in
//! `.views(".logs.IngestRequest")`, brings a view beside each such message and beside all that are in it:
//! `IngestRequestView<'_>`, with the same fields, where
//!
//! - `string` is `&str` and `bytes` is `&[u8]`;
//! - another message is its view, in a `Box` where it may hold itself and there is one of it, and a type that
//!   was not generated along with it, as those of `prost_types`, is owned;
//! - a map is a `BTreeMap`, and the fields of all else are as prost has them.
//!
//! A view has the functions of prost that read an enum or a field that may be missing, but none that sets or
//! adds anything, no iterator over a repeated enum, and no `get_` for a map of enums.
//!
//! A method whose request is such a message takes the view, and one that takes a stream of them a stream of
//! [`Encoded`]. What clients send and get is the same: what prost refuses a view refuses, with the same
//! status, and before the handler runs. Only prost's feature `no-recursion-limit` does not hold for a view:
//! what is nested deeper than 100 is refused.
//!
//! ```
//! use grpcweb_runtime::view::{Encoded, MessageView as _};
//! use grpcweb_runtime::{Request, Response, Status, Streaming};
//! use hello_world_viewed::greeter_server::Greeter;
//! use hello_world_viewed::{HelloReply, HelloRequest, HelloRequestView};
//!
//! struct MyGreeter;
//!
//! impl Greeter for MyGreeter {
//!     async fn say_hello(
//!         &self,
//!         request: Request<HelloRequestView<'_>>,
//!     ) -> Result<Response<HelloReply>, Status> {
//!         let name: &str = request.get_ref().name;
//!         Ok(Response::new(HelloReply { message: format!("Hello, {name}!") }))
//!     }
//!
//!     async fn say_hello_slowly(
//!         &self,
//!         request: Request<HelloRequestView<'_>>,
//!     ) -> Result<Response<Streaming<HelloReply>>, Status> {
//!         // The stream is there longer than what the view borrows from.
//!         let HelloRequest { name } = request.get_ref().to_owned_message();
//!         Ok(Response::new(Streaming::from_iter([HelloReply { message: name }])))
//!     }
//! }
//! # let _ = hello_world_viewed::greeter_server::GreeterServer::new(MyGreeter);
//!
//! // Anywhere else.
//! let encoded = Encoded::encode(&HelloRequest { name: "world".into() })?;
//! assert_eq!(encoded.view().name, "world");
//! assert_eq!(HelloRequestView::decode(b"\x0a\x02hi")?.name, "hi");
//! # Ok::<(), grpcweb_runtime::BoxError>(())
//! ```

mod encoded;
pub(crate) mod fields;
pub(crate) mod kinds;
mod reader;

use prost::Message;

use crate::BoxError;
pub use encoded::Encoded;
pub(crate) use encoded::Payload;
#[doc(hidden)]
pub use reader::{Malformed, Reader};

/// A message that has a view. Generated code implements it.
#[diagnostic::on_unimplemented(
    message = "there is no view of the message `{Self}`",
    note = "the code of the message needs the option `views` of protoc-gen-grpcweb too"
)]
pub trait HasView: Message + Default + 'static {
    /// The view.
    type View<'a>: MessageView<'a, Message = Self>;
}

/// What borrows its fields from the bytes of a message. Generated code implements it.
pub trait MessageView<'a>: Default + Send + Sync {
    /// The message.
    type Message: Message + Default;

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// That of prost where it would refuse the bytes too.
    fn decode(bytes: &'a [u8]) -> Result<Self, BoxError> {
        reader::decode(bytes).map_err(|Malformed| why::<Self::Message>(bytes))
    }

    /// The message as prost would have read it.
    fn to_owned_message(&self) -> Self::Message;

    /// Reads the field whose key was read last.
    #[doc(hidden)]
    fn merge_field(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed>;
}

/// What prost has to say about the bytes: it keeps track of where it is.
#[cold]
fn why<M: Message + Default>(bytes: &[u8]) -> BoxError {
    match M::decode(bytes) {
        Ok(_) => "the message is malformed".into(),
        Err(error) => error.into(),
    }
}
