//! Exchanges that broke off.

use std::error::Error;

use crate::{BoxError, Code, Status};

/// The status of an exchange that broke off: `what` says where, if the error does not.
///
/// A status in the error is from this side, as from a layer that refused the request, and says more than
/// that.
pub(crate) fn status_of(what: Option<&str>, error: BoxError) -> Status {
    if let Some(status) = Status::find_in(error.as_ref()) {
        return status.clone();
    }
    let mut message = String::from(what.unwrap_or_default());
    let mut code = Code::Unavailable;
    let mut next: Option<&(dyn Error + 'static)> = Some(error.as_ref());
    while let Some(error) = next {
        if !message.is_empty() {
            message.push_str(": ");
        }
        message.push_str(&error.to_string());
        code = reset_code(error).unwrap_or(code);
        next = error.source();
    }
    Status::new(code, message).with_source(error)
}

/// What the server's reset of a stream says, by the table of PROTOCOL-HTTP2, "Errors".
#[cfg(feature = "channel")]
fn reset_code(error: &(dyn Error + 'static)) -> Option<Code> {
    let error = error.downcast_ref::<h2::Error>()?;
    if !(error.is_reset() && error.is_remote()) {
        return None;
    }
    Some(match error.reason()? {
        h2::Reason::REFUSED_STREAM => Code::Unavailable,
        h2::Reason::CANCEL => Code::Cancelled,
        h2::Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
        h2::Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
        h2::Reason::STREAM_CLOSED => Code::Unknown,
        _ => Code::Internal,
    })
}

#[cfg(not(feature = "channel"))]
fn reset_code(_: &(dyn Error + 'static)) -> Option<Code> {
    None
}
