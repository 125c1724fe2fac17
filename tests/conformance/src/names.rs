//! The full names of the messages that travel in an `Any`.

use prost::Name;

use crate::v1::conformance_payload::RequestInfo;
use crate::v1::{
    BidiStreamRequest, ClientStreamRequest, IdempotentUnaryRequest, ServerStreamRequest,
    UnaryRequest, UnimplementedRequest,
};

macro_rules! names {
    ($($message:ty => $name:literal,)*) => {$(
        impl Name for $message {
            const NAME: &'static str = $name;
            const PACKAGE: &'static str = "connectrpc.conformance.v1";

            fn type_url() -> String {
                format!("type.googleapis.com/{}", Self::full_name())
            }
        }
    )*};
}

names! {
    BidiStreamRequest => "BidiStreamRequest",
    ClientStreamRequest => "ClientStreamRequest",
    IdempotentUnaryRequest => "IdempotentUnaryRequest",
    RequestInfo => "ConformancePayload.RequestInfo",
    ServerStreamRequest => "ServerStreamRequest",
    UnaryRequest => "UnaryRequest",
    UnimplementedRequest => "UnimplementedRequest",
}
