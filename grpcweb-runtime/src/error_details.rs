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

/// Names details as their `.proto` file does.
macro_rules! details {
    ($($name:ident,)*) => {
        $(impl Name for $name {
            const NAME: &'static str = stringify!($name);
            const PACKAGE: &'static str = "google.rpc";
            fn type_url() -> String {
                format!("type.googleapis.com/{}", Self::full_name())
            }
        })*
    };
}

details! {
    BadRequest,
    DebugInfo,
    ErrorInfo,
    Help,
    LocalizedMessage,
    PreconditionFailure,
    QuotaFailure,
    RequestInfo,
    ResourceInfo,
    RetryInfo,
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
    /// The description in a language of the user.
    #[prost(message, optional, tag = "4")]
    pub localized_message: Option<LocalizedMessage>,
}

/// What happened in the server, for those who run it.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct DebugInfo {
    /// The stack, the innermost frame first.
    #[prost(string, repeated, tag = "1")]
    pub stack_entries: Vec<String>,
    /// Anything else.
    #[prost(string, tag = "2")]
    pub detail: String,
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

/// Where to read about the error, or what to do about it.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct Help {
    /// Pages on it.
    #[prost(message, repeated, tag = "1")]
    pub links: Vec<Link>,
}

/// A page on the web.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct Link {
    /// What is there.
    #[prost(string, tag = "1")]
    pub description: String,
    /// Where it is.
    #[prost(string, tag = "2")]
    pub url: String,
}

/// A message for the user of the client, in the user's language.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct LocalizedMessage {
    /// The language, as in `de-CH` (BCP 47).
    #[prost(string, tag = "1")]
    pub locale: String,
    /// The message.
    #[prost(string, tag = "2")]
    pub message: String,
}

/// What has to be there before the call can go well.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct PreconditionFailure {
    /// One entry for each thing that is missing.
    #[prost(message, repeated, tag = "1")]
    pub violations: Vec<PreconditionViolation>,
}

/// Something that has to be there and is not: `google.rpc.PreconditionFailure.Violation`.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct PreconditionViolation {
    /// A constant of the service, as in `TOS` for terms of service.
    #[prost(string, tag = "1")]
    pub r#type: String,
    /// What it is about, as in `example.com/cloud`.
    #[prost(string, tag = "2")]
    pub subject: String,
    /// What is missing, for developers.
    #[prost(string, tag = "3")]
    pub description: String,
}

/// Which quotas are used up.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct QuotaFailure {
    /// One entry for each quota.
    #[prost(message, repeated, tag = "1")]
    pub violations: Vec<QuotaViolation>,
}

/// A quota that is used up: `google.rpc.QuotaFailure.Violation`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct QuotaViolation {
    /// Whose quota it is, as in `clientip:192.0.2.7`.
    #[prost(string, tag = "1")]
    pub subject: String,
    /// How it was used up, for developers.
    #[prost(string, tag = "2")]
    pub description: String,
    /// The service whose quota it is.
    #[prost(string, tag = "3")]
    pub api_service: String,
    /// What is counted.
    #[prost(string, tag = "4")]
    pub quota_metric: String,
    /// The name of the limit.
    #[prost(string, tag = "5")]
    pub quota_id: String,
    /// For what it is counted apart, as in `region`.
    #[prost(btree_map = "string, string", tag = "6")]
    pub quota_dimensions: std::collections::BTreeMap<String, String>,
    /// The limit.
    #[prost(int64, tag = "7")]
    pub quota_value: i64,
    /// What the limit will be, where a change of it is under way.
    #[prost(int64, optional, tag = "8")]
    pub future_quota_value: Option<i64>,
}

/// Which request failed, for a report to those who run the server.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct RequestInfo {
    /// What finds the request in the server's logs.
    #[prost(string, tag = "1")]
    pub request_id: String,
    /// What the server was to do with it, for its developers.
    #[prost(string, tag = "2")]
    pub serving_data: String,
}

/// What could not be accessed.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct ResourceInfo {
    /// What kind of thing it is, as in `sql table`.
    #[prost(string, tag = "1")]
    pub resource_type: String,
    /// Its name.
    #[prost(string, tag = "2")]
    pub resource_name: String,
    /// Who owns it.
    #[prost(string, tag = "3")]
    pub owner: String,
    /// What went wrong in accessing it.
    #[prost(string, tag = "4")]
    pub description: String,
}

/// When to try again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Message)]
pub struct RetryInfo {
    /// How long to wait at least.
    #[prost(message, optional, tag = "1")]
    pub retry_delay: Option<prost_types::Duration>,
}

impl RetryInfo {
    /// To be tried again after this time.
    #[must_use]
    pub fn after(delay: std::time::Duration) -> Self {
        Self {
            retry_delay: delay.try_into().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_detail_travels_under_its_own_name() {
        for (url, name) in [
            (BadRequest::type_url(), "BadRequest"),
            (QuotaFailure::type_url(), "QuotaFailure"),
            (RetryInfo::type_url(), "RetryInfo"),
        ] {
            assert_eq!(url, format!("type.googleapis.com/google.rpc.{name}"));
        }
    }

    #[test]
    fn a_delay_is_a_protobuf_duration() {
        let info = RetryInfo::after(Duration::from_millis(1500));
        assert_eq!(
            info.encode_to_vec(),
            b"\x0a\x08\x08\x01\x10\x80\xca\xb5\xee\x01"
        );
    }
}
