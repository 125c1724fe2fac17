//! The servers, what they speak, and how they deviate from what the cases expect.

use grpcweb_runtime::Protocol;

use crate::kinds::Kind;

/// A server that `run` starts.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    /// Whether a kind of client is to call it.
    pub(crate) takes: fn(&Kind) -> bool,
    pub(crate) deviations: &'static [Deviation],
}

/// Cases that cannot pass, for a reason that is not in the client.
pub(crate) struct Deviation {
    pub(crate) cases: Cases,
    pub(crate) kinds: fn(&Kind) -> bool,
    /// What the failure of the case has in it, so that no other failure hides behind this one.
    pub(crate) failure: &'static str,
    pub(crate) reason: &'static str,
}

/// Cases by their names.
pub(crate) enum Cases {
    These(&'static [&'static str]),
    AllBut(&'static [&'static str]),
}

impl Server {
    /// The deviations that a case may show.
    pub(crate) fn deviations_of(
        &self,
        kind: &Kind,
        case: &str,
    ) -> impl Iterator<Item = &'static Deviation> {
        let deviations = self.deviations.iter();
        deviations.filter(move |deviation| (deviation.kinds)(kind) && deviation.cases.have(case))
    }
}

impl Cases {
    fn have(&self, case: &str) -> bool {
        match self {
            Self::These(names) => names.contains(&case),
            Self::AllBut(names) => !names.contains(&case),
        }
    }
}

fn any(_: &Kind) -> bool {
    true
}

fn http1(kind: &Kind) -> bool {
    !kind.http2
}

fn text(kind: &Kind) -> bool {
    kind.protocol == Protocol::GrpcWebText
}

/// In text, by the name that the client gives it of itself.
fn long_text(kind: &Kind) -> bool {
    text(kind) && kind.content_type.is_none()
}

const NO_BIDI_OVER_HTTP1: &str = "connect-go refuses streams in both directions over HTTP/1.1";
const NO_TEXT: &str = "connect-go has no text mode";
const REQUEST_FIRST: &str =
    "Go's HTTP/1.1 server reads a request to its end before it sends the response";
const TEXT_BY_ONE_NAME: &str = "sonora takes text only as application/grpc-web-text; with +proto after it, \
     as the client sends it, sonora reads base64 as if it were frames";
const NO_REQUEST_STREAMS: &str =
    "sonora over WSGI wants a content-length, which a stream of requests has not";
const PADDED: &str = "sonora takes only base64 that is padded in -bin metadata";
const UNREADABLE_STATUS: &str = "sonora over ASGI writes the trailers of unary answers as Python prints \
     bytes (b'grpc-status': b'0'), so that there is no status";
const BASE64_IN_CHUNKS: &str =
    "sonora over ASGI decodes the base64 of each chunk that comes by itself, wherever it was cut";
const NOTHING_TO_STREAM: &str = "sonora over ASGI fails on a stream without messages";
const ONE_OF_A_CHUNK: &str =
    "sonora over ASGI reads one message of what has come, and loses the others";
const TRAILING_OF_FAILURES: &str =
    "sonora over ASGI loses the trailing metadata of calls that fail";
const BROKEN_OFF: &str =
    "sonora over ASGI breaks the connection off where a stream fails after its first message";

pub(crate) const SERVERS: &[Server] = &[
    Server {
        name: "tonic",
        takes: any,
        deviations: &[],
    },
    Server {
        name: "connect-go",
        takes: any,
        deviations: &[
            Deviation {
                cases: Cases::These(&[
                    "ping_pong",
                    "full_duplex_all_requests_first",
                    "half_duplex",
                    "empty_stream",
                ]),
                kinds: http1,
                failure: "HTTP 505",
                reason: NO_BIDI_OVER_HTTP1,
            },
            Deviation {
                cases: Cases::AllBut(&["unimplemented_service"]),
                kinds: text,
                failure: "HTTP 415",
                reason: NO_TEXT,
            },
        ],
    },
    Server {
        name: "envoy",
        takes: any,
        deviations: &[],
    },
    Server {
        name: "grpcwebproxy",
        // Without TLS it has no HTTP/2.
        takes: http1,
        deviations: &[Deviation {
            cases: Cases::These(&["ping_pong"]),
            kinds: any,
            failure: "DeadlineExceeded",
            reason: REQUEST_FIRST,
        }],
    },
    Server {
        name: "sonora-wsgi",
        // As gunicorn, which has no HTTP/2.
        takes: http1,
        deviations: &[
            Deviation {
                cases: Cases::These(&["ping_pong"]),
                kinds: any,
                failure: "DeadlineExceeded",
                reason: NO_REQUEST_STREAMS,
            },
            Deviation {
                cases: Cases::These(&[
                    "client_streaming",
                    "full_duplex_all_requests_first",
                    "half_duplex",
                    "empty_stream",
                ]),
                kinds: any,
                failure: "HTTP 500",
                reason: NO_REQUEST_STREAMS,
            },
            Deviation {
                cases: Cases::AllBut(&["unimplemented_service"]),
                kinds: long_text,
                failure: "HTTP 500",
                reason: TEXT_BY_ONE_NAME,
            },
            Deviation {
                cases: Cases::These(&["custom_metadata_of_one_byte"]),
                kinds: any,
                failure: "HTTP 500",
                reason: PADDED,
            },
        ],
    },
    Server {
        name: "sonora-asgi",
        // As uvicorn, which has no HTTP/2.
        takes: http1,
        deviations: &[
            Deviation {
                cases: Cases::These(&["custom_metadata_of_one_byte"]),
                kinds: any,
                failure: "HTTP 500",
                reason: PADDED,
            },
            // It takes the request for an empty one, and answers in binary.
            Deviation {
                cases: Cases::These(&[
                    "empty_unary",
                    "large_unary",
                    "client_streaming",
                    "custom_metadata_unary",
                    "custom_metadata_of_failed_unary",
                    "status_code_and_message",
                    "special_status_message",
                    "unimplemented_method",
                    "empty_unary_after_cancel",
                ]),
                kinds: long_text,
                failure: "is not base64",
                reason: TEXT_BY_ONE_NAME,
            },
            // It waits for the rest of a message whose length it took from base64.
            Deviation {
                cases: Cases::These(&["ping_pong"]),
                kinds: long_text,
                failure: "DeadlineExceeded",
                reason: TEXT_BY_ONE_NAME,
            },
            Deviation {
                cases: Cases::AllBut(&["unimplemented_service"]),
                kinds: long_text,
                failure: "HTTP 500",
                reason: TEXT_BY_ONE_NAME,
            },
            Deviation {
                cases: Cases::These(&[
                    "empty_unary",
                    "large_unary",
                    "client_streaming",
                    "custom_metadata_unary",
                    "unimplemented_method",
                    "empty_unary_after_cancel",
                ]),
                kinds: any,
                failure: "the trailers of the response have no grpc-status",
                reason: UNREADABLE_STATUS,
            },
            // Unless every cut is by chance one of base64 too.
            Deviation {
                cases: Cases::These(&["large_unary"]),
                kinds: text,
                failure: "HTTP 500",
                reason: BASE64_IN_CHUNKS,
            },
            Deviation {
                cases: Cases::These(&["server_streaming_of_nothing", "empty_stream"]),
                kinds: any,
                failure: "HTTP 500",
                reason: NOTHING_TO_STREAM,
            },
            Deviation {
                cases: Cases::These(&["full_duplex_all_requests_first", "half_duplex"]),
                kinds: any,
                failure: "responses of [31415] bytes",
                reason: ONE_OF_A_CHUNK,
            },
            Deviation {
                cases: Cases::These(&["custom_metadata_of_failed_unary"]),
                kinds: any,
                failure: "the trailing metadata None",
                reason: TRAILING_OF_FAILURES,
            },
            Deviation {
                cases: Cases::These(&["error_after_messages"]),
                kinds: any,
                failure: "Unavailable, not Unknown: the connection broke",
                reason: BROKEN_OFF,
            },
        ],
    },
];
