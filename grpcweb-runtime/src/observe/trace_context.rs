use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher as _, RandomState};
use std::pin::pin;

use http::HeaderMap;

use crate::{InvalidMetadata, MetadataMap};

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// The flags that version 00 of the header knows: sampled, and that the id of the trace is random.
const FLAGS: u8 = 0b11;

/// The most bytes of a `tracestate` that are passed on: as many as have to be.
const MAX_STATE: usize = 512;

thread_local! {
    static CURRENT: RefCell<Option<TraceContext>> = const { RefCell::new(None) };
}

/// Where a call stands in a distributed trace: the [W3C trace context] that travels in the headers
/// `traceparent` and `tracestate`.
///
/// [`Tracing`](super::Tracing) reads that of a call that comes in, makes it [current](Self::current) while
/// the handler runs, and sends it on with the calls that the handler makes.
///
/// [W3C trace context]: https://www.w3.org/TR/trace-context/
#[derive(Clone, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    flags: u8,
    state: Option<String>,
}

impl TraceContext {
    /// That of the call whose handler runs. Another task, which the handler spawned, has none:
    /// see [`scope`](Self::scope).
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// The id of the trace, 32 hexadecimal digits, to look it up by.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// Runs a future with this as the current one.
    ///
    /// ```
    /// use grpcweb_runtime::observe::TraceContext;
    ///
    /// # async fn notify_others() {}
    /// # fn handler() {
    /// if let Some(trace) = TraceContext::current() {
    ///     tokio::spawn(trace.scope(notify_others()));
    /// }
    /// # }
    /// ```
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        let mut future = pin!(future);
        std::future::poll_fn(|cx| Self::enter(Some(&self), || future.as_mut().poll(cx))).await
    }

    /// Runs code with this as the current one, or with none.
    pub(super) fn enter<T>(context: Option<&Self>, run: impl FnOnce() -> T) -> T {
        let _outer = Restore(CURRENT.replace(context.cloned()));
        run()
    }

    /// The id of the span, 16 hexadecimal digits.
    pub(super) fn span_id(&self) -> String {
        format!("{:016x}", self.span_id)
    }

    /// The same trace, in a span of its own.
    pub(super) fn child(&self) -> Self {
        Self {
            span_id: random().max(1),
            ..self.clone()
        }
    }

    pub(super) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut parents = headers.get_all(TRACEPARENT).iter();
        let (Some(parent), None) = (parents.next(), parents.next()) else {
            return None;
        };
        let mut context = parse(parent.to_str().ok()?)?;
        context.state = state(headers);
        Some(context)
    }

    pub(super) fn write(&self, metadata: &mut MetadataMap) -> Result<(), InvalidMetadata> {
        metadata.insert(TRACEPARENT, &self.to_string())?;
        match &self.state {
            Some(state) => metadata.insert(TRACESTATE, state),
            None => Ok(()),
        }
    }
}

/// As in the header `traceparent`.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            trace_id,
            span_id,
            flags,
            ..
        } = self;
        write!(f, "00-{trace_id:032x}-{span_id:016x}-{flags:02x}")
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceContext({self})")
    }
}

struct Restore(Option<TraceContext>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

/// The keys of a hash map are random enough to tell spans apart.
fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

/// What vendors say about a trace, as far as it has to be passed on: anybody can send more of it.
fn state(headers: &HeaderMap) -> Option<String> {
    let mut kept = String::new();
    for line in headers.get_all(TRACESTATE) {
        let members = line.to_str().ok()?.split(',').map(str::trim);
        for member in members.filter(|member| !member.is_empty()) {
            if kept.len() + member.len() >= MAX_STATE {
                return Some(kept).filter(|kept| !kept.is_empty());
            }
            if !kept.is_empty() {
                kept.push(',');
            }
            kept.push_str(member);
        }
    }
    Some(kept).filter(|kept| !kept.is_empty())
}

/// Reads a `traceparent`. One of a later version may go on after what this version knows.
fn parse(parent: &str) -> Option<TraceContext> {
    let mut parts = parent.split('-');
    let version = u8::try_from(hex(parts.next()?, 2)?).ok()?;
    let trace_id = hex(parts.next()?, 32)?;
    let span_id = u64::try_from(hex(parts.next()?, 16)?).ok()?;
    let flags = u8::try_from(hex(parts.next()?, 2)?).ok()?;
    let goes_on = parts.next().is_some();
    let is_valid = version != 0xff && trace_id != 0 && span_id != 0 && !(goes_on && version == 0);
    is_valid.then_some(TraceContext {
        trace_id,
        span_id,
        flags: flags & FLAGS,
        state: None,
    })
}

/// So many hexadecimal digits, in lower case.
fn hex(digits: &str, len: usize) -> Option<u128> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() != len || !digits.bytes().all(is_digit) {
        return None;
    }
    u128::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_parent_is_read_and_written_as_it_was() {
        let context = parse(PARENT).unwrap();
        assert_eq!(context.to_string(), PARENT);
        assert_eq!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    }

    #[test]
    fn a_later_version_may_go_on_and_is_written_as_this_one() {
        for later in [
            PARENT.replacen("00", "cc", 1),
            PARENT.replacen("00", "cc", 1) + "-what-comes",
        ] {
            assert_eq!(parse(&later).unwrap().to_string(), PARENT, "{later}");
        }
    }

    #[test]
    fn what_is_no_parent_is_ignored() {
        for wrong in [
            String::new(),
            "00".to_owned(),
            PARENT.to_uppercase(),
            PARENT.replacen("00", "ff", 1),
            PARENT.to_owned() + "-more",
            PARENT.replace("-01", "-1"),
            PARENT.replace("-01", "-0g"),
            PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            PARENT.replace("00f067aa0ba902b7", &"0".repeat(16)),
            PARENT.replace("00f067aa0ba902b7", "+0f067aa0ba902b7"),
            PARENT.replace("4bf9", "bf9"),
        ] {
            assert_eq!(parse(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn two_parents_are_none_and_states_are_joined() {
        let mut headers = HeaderMap::new();
        headers.append(TRACEPARENT, PARENT.parse().unwrap());
        headers.append(TRACESTATE, "a=1".parse().unwrap());
        headers.append(TRACESTATE, "b=2".parse().unwrap());
        let context = TraceContext::from_headers(&headers).unwrap();
        let mut metadata = MetadataMap::new();
        context.write(&mut metadata).unwrap();
        assert_eq!(metadata.get(TRACEPARENT), Some(PARENT));
        assert_eq!(metadata.get(TRACESTATE), Some("a=1,b=2"));

        headers.append(TRACEPARENT, PARENT.parse().unwrap());
        assert_eq!(TraceContext::from_headers(&headers), None);
    }

    #[test]
    fn a_state_is_passed_on_as_far_as_it_has_to_be() {
        let long = |len| format!("k={}", "a".repeat(len - 2));
        for (lines, kept) in [
            (vec![String::new()], None),
            (vec![" , ".to_owned()], None),
            (
                vec!["a=1, b=2".to_owned(), ",c=3".to_owned()],
                Some("a=1,b=2,c=3".to_owned()),
            ),
            (vec![long(MAX_STATE - 1)], Some(long(MAX_STATE - 1))),
            (vec![long(MAX_STATE)], None),
            (
                vec![format!("a=1,{}", long(20_000))],
                Some("a=1".to_owned()),
            ),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(TRACESTATE, line.parse().unwrap());
            }
            assert_eq!(state(&headers), kept, "{headers:?}");
        }
    }

    #[test]
    fn a_child_is_another_span_of_the_same_trace() {
        let context = parse(PARENT).unwrap();
        let child = context.child();
        assert_eq!(child.trace_id, context.trace_id);
        assert_eq!(child.flags, context.flags);
        assert_ne!(child.span_id, context.span_id);
        assert_ne!(child.span_id, context.child().span_id);
    }

    #[test]
    fn it_is_current_within_and_no_longer() {
        let context = parse(PARENT).unwrap();
        TraceContext::enter(Some(&context), || {
            assert_eq!(TraceContext::current(), Some(context.clone()));
            let child = context.child();
            TraceContext::enter(Some(&child), || {
                assert_eq!(TraceContext::current(), Some(child.clone()));
            });
            TraceContext::enter(None, || assert_eq!(TraceContext::current(), None));
            assert_eq!(TraceContext::current(), Some(context.clone()));
        });
        assert_eq!(TraceContext::current(), None);
    }
}
