//! The server half: from an HTTP request to a handler, and back.

mod ahead;
mod answered;
mod call;
mod concurrency;
#[cfg(feature = "gzip")]
mod content_encoding;
#[cfg(feature = "cors")]
mod cors;
mod drain;
mod exchange;
mod front;
mod interceptor;
mod observed;
mod observed_body;
mod observer;
mod options;
mod peek;
mod receive;
mod reply;
mod respond;
mod router;
mod running;
#[cfg(feature = "serve")]
mod serve;
mod service;
mod settings;
mod stream_body;
mod trusted_proxies;
mod watchdog;

#[cfg(feature = "health")]
pub(crate) use answered::Answered;
#[doc(hidden)]
pub use call::Call;
#[cfg(feature = "cors")]
pub use cors::{Cors, InvalidCors};
pub(crate) use drain::Remainder;
pub use front::{InFrontOf, InFrontOfFuture};
pub use interceptor::Interceptor;
pub(crate) use observed::Observed;
pub use observer::{CallObserver, Direction, Ending, Observer, Outcome, StartedCall, Traffic};
pub use options::ServerOptions;
pub use respond::ResponseFuture;
pub use router::Router;
#[cfg(all(feature = "serve", unix))]
pub use serve::bind_unix;
#[cfg(feature = "listenfd")]
pub use serve::listener_from_env_or;
#[cfg(feature = "signal")]
pub use serve::shutdown_signal;
#[cfg(all(feature = "listenfd", unix))]
pub use serve::unix_listener_from_env_or;
#[cfg(feature = "serve")]
pub use serve::{Http2Options, Listener, Serve, bind, serve};
#[cfg(feature = "serve-tls")]
pub use serve::{Pem, ServerTls, ServerTlsBuilder, TlsError};
pub use service::RpcService;
#[doc(hidden)]
pub use service::handle;
#[doc(hidden)]
pub use settings::Settings;
pub use trusted_proxies::{ClientIp, ClientScheme, InvalidNetwork, TrustedProxies, WithClientIp};
pub(crate) use trusted_proxies::{client_ip, client_scheme};
