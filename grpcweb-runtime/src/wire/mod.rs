//! Bytes in, bytes out: what gRPC-Web and gRPC look like on the wire, without I/O and without async.
//!
//! Both sides and every transport use these parsers and writers, so that a rule of the protocol
//! stands once. The rules are those of [PROTOCOL-WEB] and of the [gRPC over HTTP/2] page that it
//! builds on.
//!
//! [PROTOCOL-WEB]: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
//! [gRPC over HTTP/2]: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md

#[cfg_attr(
    not(any(
        feature = "brotli",
        feature = "deflate",
        feature = "gzip",
        feature = "snappy",
        feature = "zstd"
    )),
    allow(unused, reason = "there is nothing to compress with")
)]
pub(crate) mod compression;
pub(crate) mod frame;
pub(crate) mod http_status;
pub(crate) mod protocol;
pub(crate) mod status;
pub(crate) mod text;
pub(crate) mod timeout;
pub(crate) mod trailers;
