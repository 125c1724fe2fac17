//! The servers, what they speak, and how they deviate from what the cases expect.

use grpcweb_runtime::Protocol;

use crate::kinds::{Client, Kind};

/// A server that `run` starts.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    /// Whether a kind of client is to call it.
    pub(crate) takes: fn(&Kind) -> bool,
    pub(crate) deviations: &'static [Deviation],
}

/// Cases that cannot pass, for a reason that is no mistake of the client.
pub(crate) struct Deviation {
    pub(crate) cases: Cases,
    pub(crate) kinds: fn(&Kind) -> bool,
    /// What the failure of the case has in it, so that no other failure hides behind this one.
    pub(crate) failure: &'static str,
    /// Whether they never pass. Others hang on what happens to arrive together.
    pub(crate) always: bool,
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
        let deviations = self.deviations.iter().chain(OF_CLIENTS);
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

fn asynchronous(kind: &Kind) -> bool {
    kind.client == Client::Asynchronous
}

fn blocking_text(kind: &Kind) -> bool {
    blocking(kind) && text(kind)
}

fn blocking(kind: &Kind) -> bool {
    kind.client == Client::Blocking
}

const NO_BIDI_OVER_HTTP1: &str = "connect-go refuses streams in both directions over HTTP/1.1";
const NO_TEXT: &str = "connect-go has no text mode";
const REQUEST_FIRST: &str =
    "Go's HTTP/1.1 server reads a request to its end before it sends the response";
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

const PADDED_WITHIN: &str = "the blocking client pads the base64 of each message; Envoy and grpcwebproxy refuse \
     padding before the end of what they read at once, so that it is chance";
const ALL_REQUESTS_FIRST: &str =
    "the blocking client sends all requests before it reads a response";

/// Those with several requests that do not wait for responses.
const REQUEST_STREAMS: &[&str] = &[
    "client_streaming",
    "full_duplex_all_requests_first",
    "half_duplex",
];

const CUT_BY_CHANCE: Deviation = Deviation {
    cases: Cases::These(REQUEST_STREAMS),
    kinds: blocking_text,
    failure: "base64 data",
    always: false,
    reason: PADDED_WITHIN,
};

/// Those that have nothing to do with the server.
const OF_CLIENTS: &[Deviation] = &[Deviation {
    cases: Cases::These(&["ping_pong"]),
    kinds: blocking,
    failure: "DeadlineExceeded",
    always: true,
    reason: ALL_REQUESTS_FIRST,
}];

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
                always: true,
                reason: NO_BIDI_OVER_HTTP1,
            },
            Deviation {
                cases: Cases::AllBut(&["unimplemented_service"]),
                kinds: text,
                failure: "HTTP 415",
                always: true,
                reason: NO_TEXT,
            },
        ],
    },
    Server {
        name: "envoy",
        takes: any,
        deviations: &[CUT_BY_CHANCE],
    },
    Server {
        name: "grpcwebproxy",
        // Without TLS it has no HTTP/2.
        takes: http1,
        deviations: &[
            CUT_BY_CHANCE,
            Deviation {
                cases: Cases::These(&["ping_pong"]),
                kinds: any,
                failure: "DeadlineExceeded",
                always: true,
                reason: REQUEST_FIRST,
            },
        ],
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
                always: true,
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
                always: true,
                reason: NO_REQUEST_STREAMS,
            },
            Deviation {
                cases: Cases::These(&["custom_metadata_of_one_byte"]),
                kinds: any,
                failure: "HTTP 500",
                always: true,
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
                always: true,
                reason: PADDED,
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
                always: true,
                reason: UNREADABLE_STATUS,
            },
            // Unless every cut is by chance one of base64 too.
            Deviation {
                cases: Cases::These(&["large_unary"]),
                kinds: text,
                failure: "HTTP 500",
                always: true,
                reason: BASE64_IN_CHUNKS,
            },
            Deviation {
                cases: Cases::These(&["server_streaming_of_nothing", "empty_stream"]),
                kinds: any,
                failure: "HTTP 500",
                always: true,
                reason: NOTHING_TO_STREAM,
            },
            // The asynchronous client sends all of them as one chunk, the blocking one each by itself.
            Deviation {
                cases: Cases::These(&["full_duplex_all_requests_first", "half_duplex"]),
                kinds: asynchronous,
                failure: "responses of [31415] bytes",
                always: true,
                reason: ONE_OF_A_CHUNK,
            },
            Deviation {
                cases: Cases::These(&["full_duplex_all_requests_first", "half_duplex"]),
                kinds: blocking,
                failure: "responses of [31415",
                always: false,
                reason: ONE_OF_A_CHUNK,
            },
            Deviation {
                cases: Cases::These(REQUEST_STREAMS),
                kinds: blocking_text,
                failure: "HTTP 500",
                always: false,
                reason: BASE64_IN_CHUNKS,
            },
            Deviation {
                cases: Cases::These(&["custom_metadata_of_failed_unary"]),
                kinds: any,
                failure: "the trailing metadata None",
                always: true,
                reason: TRAILING_OF_FAILURES,
            },
            Deviation {
                cases: Cases::These(&["error_after_messages"]),
                kinds: any,
                failure: "Unavailable, not Unknown: the connection broke",
                always: true,
                reason: BROKEN_OFF,
            },
        ],
    },
];
