use crate::deadline::DEADLINE_EXCEEDED;
use crate::{BoxError, Status};

/// What an error of ureq's stands for: those of others that are in it have no sources there. The time for a
/// whole request is up at the deadline of its call.
pub(super) fn plain(error: ureq::Error) -> BoxError {
    match error {
        ureq::Error::Timeout(ureq::Timeout::Global) => {
            Status::deadline_exceeded(DEADLINE_EXCEEDED).into()
        }
        ureq::Error::Io(error) if error.get_ref().is_some() => match error.into_inner() {
            Some(inner) => inner,
            None => "an error without a reason".into(),
        },
        ureq::Error::Io(error) => error.into(),
        ureq::Error::Other(error) => error,
        error => error.into(),
    }
}
