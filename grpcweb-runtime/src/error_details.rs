//! The standard details of an error, as in [`google/rpc/error_details.proto`].
//!
//! Put one into a [`Status`](crate::Status) with [`with_detail`](crate::Status::with_detail), read it
//! with [`detail`](crate::Status::detail).
//!
//! [`google/rpc/error_details.proto`]: https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto

use prost::{Message, Name};

#[doc(no_inline)]
pub use prost_types::Any;

/// `google.rpc.Status`: what `grpc-status-details-bin` carries.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Status {
    #[prost(int32, tag = "1")]
    pub(crate) code: i32,
    #[prost(string, tag = "2")]
    pub(crate) message: String,
    #[prost(message, repeated, tag = "3")]
    pub(crate) details: Vec<Any>,
}

/// Which fields of the request are wrong.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct BadRequest {
    /// One entry for each thing that is wrong.
    #[prost(message, repeated, tag = "1")]
    pub field_violations: Vec<FieldViolation>,
}

impl BadRequest {
    /// One wrong field.
    #[must_use]
    pub fn violation(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            field_violations: vec![FieldViolation {
                field: field.into(),
                description: description.into(),
                ..FieldViolation::default()
            }],
        }
    }
}

impl Name for BadRequest {
    const NAME: &'static str = "BadRequest";
    const PACKAGE: &'static str = "google.rpc";
    fn type_url() -> String {
        type_url::<Self>()
    }
}

/// A field of the request that is wrong.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct FieldViolation {
    /// The path to the field, as in `user.emails[2]`.
    #[prost(string, tag = "1")]
    pub field: String,
    /// Why it is wrong, for developers.
    #[prost(string, tag = "2")]
    pub description: String,
    /// A constant for programs, as in `NAME_EMPTY`.
    #[prost(string, tag = "3")]
    pub reason: String,
}

/// The cause of an error, for programs.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ErrorInfo {
    /// A constant, unique within the domain, as in `API_DISABLED`.
    #[prost(string, tag = "1")]
    pub reason: String,
    /// Who defines the reason, as in `pubsub.example.com`.
    #[prost(string, tag = "2")]
    pub domain: String,
    /// More about this error.
    #[prost(btree_map = "string, string", tag = "3")]
    pub metadata: std::collections::BTreeMap<String, String>,
}

impl Name for ErrorInfo {
    const NAME: &'static str = "ErrorInfo";
    const PACKAGE: &'static str = "google.rpc";
    fn type_url() -> String {
        type_url::<Self>()
    }
}

fn type_url<M: Name>() -> String {
    format!("type.googleapis.com/{}", M::full_name())
}
