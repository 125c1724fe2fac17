use http::Request;
use http::request::Parts;

use super::super::outgoing::{Outgoing, Slot};

/// A request that was given to a server, and comes back where that could not take it.
pub(super) struct Loan {
    parts: Parts,
    body: Slot,
}

impl Loan {
    /// The request to be sent, and the hold on it.
    pub(super) fn of(request: Request<Outgoing>) -> (Request<Outgoing>, Self) {
        let (parts, body) = request.into_parts();
        let body = Slot::new(body);
        let lent = Outgoing::Lent(body.clone());
        let lent = Request::from_parts(parts.clone(), lent);
        (lent, Self { parts, body })
    }

    /// Whether none of its body was taken.
    pub(super) fn is_whole(&self) -> bool {
        self.body.is_there()
    }

    #[cfg(test)]
    pub(super) fn take(&self) {
        drop(self.body.take());
    }

    /// The request again, unless some of its body was taken.
    pub(super) fn take_back(self) -> Option<Request<Outgoing>> {
        let body = self.body.take()?;
        Some(Request::from_parts(self.parts, body))
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::Body;

    fn request() -> Request<Outgoing> {
        let request = Request::post("/a").header("b", "c");
        request.body(Outgoing::Owned(Body::full("body"))).unwrap()
    }

    #[tokio::test]
    async fn a_request_that_nobody_read_comes_back_whole() {
        let (lent, loan) = Loan::of(request());
        assert_eq!(lent.body().size_hint().exact(), Some(4));
        let (twice, inner) = Loan::of(lent);
        assert_eq!(twice.body().size_hint().exact(), Some(4));
        drop(twice);
        drop(inner.take_back().unwrap());
        let request = loan.take_back().unwrap();
        assert_eq!(request.uri(), "/a");
        assert_eq!(request.headers()["b"], "c");
        assert_eq!(request.collect().await.unwrap().to_bytes(), "body");
    }

    #[tokio::test]
    async fn a_request_that_was_read_does_not_come_back() {
        let (lent, loan) = Loan::of(request());
        let (twice, inner) = Loan::of(lent);
        assert_eq!(twice.collect().await.unwrap().to_bytes(), "body");
        assert!(inner.take_back().is_none());
        assert!(loan.take_back().is_none());
    }

    #[tokio::test]
    async fn a_server_that_gave_a_request_back_reads_no_more_of_it() {
        let (lent, loan) = Loan::of(request());
        assert!(loan.take_back().is_some());
        assert!(lent.collect().await.is_err());
    }
}
