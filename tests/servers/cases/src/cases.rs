//! The cases: the call that is made, and what is to come of it.

use std::time::Duration;

use grpcweb_runtime::{Code, MetadataMap};

use crate::call::{Call, Method, Outcome, Pace};
use crate::proto::grpc::testing::{
    EchoStatus, Payload, ResponseParameters, SimpleRequest, StreamingInputCallRequest,
    StreamingOutputCallRequest,
};

/// A case of the standard, or one in their manner.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) call: fn() -> Call,
    pub(crate) check: fn(&Outcome) -> Result<(), String>,
}

const INITIAL: &str = "x-grpc-test-echo-initial";
const TRAILING: &str = "x-grpc-test-echo-trailing-bin";
/// Set to "yes" by servers, in the initial metadata of streams that came with a deadline.
const DEADLINE: &str = "x-deadline";

const SIZES: [usize; 4] = [31415, 9, 2653, 58979];
const MESSAGE: &str = "test status message";
const SPECIAL: &str = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "empty_unary",
        call: || Call::new(Method::EmptyCall),
        check: |outcome| messages(outcome, &[0]),
    },
    Case {
        name: "large_unary",
        call: || {
            Call::new(Method::UnaryCall(SimpleRequest {
                payload: payload(271_828),
                ..asking_for_one(314_159)
            }))
        },
        check: |outcome| messages(outcome, &[314_159]),
    },
    Case {
        name: "server_streaming",
        call: || Call::new(Method::StreamingOutputCall(spread_out(&SIZES))),
        check: |outcome| {
            messages(outcome, &SIZES)?;
            let [first, .., last] = &outcome.responses[..] else {
                return Err("there are not two responses".into());
            };
            let spread = last.at - first.at;
            ensure(spread >= INTERVAL, || {
                format!("came at once: all within {spread:?}")
            })
        },
    },
    Case {
        name: "server_streaming_of_nothing",
        call: || Call::new(Method::StreamingOutputCall(asking_for(&[]))),
        check: |outcome| messages(outcome, &[]),
    },
    Case {
        name: "client_streaming",
        call: || {
            let sizes = [27182, 8, 1828, 45904];
            let requests = sizes.map(|size| StreamingInputCallRequest {
                payload: payload(size),
                ..StreamingInputCallRequest::default()
            });
            Call::new(Method::StreamingInputCall(requests.into()))
        },
        check: |outcome| messages(outcome, &[74922]),
    },
    Case {
        name: "ping_pong",
        call: || {
            let requests = SIZES.map(|size| asking_for(&[size])).into();
            Call::new(Method::FullDuplexCall(requests, Pace::InTurns)).with_timeout(TURNS)
        },
        check: |outcome| messages(outcome, &SIZES),
    },
    Case {
        name: "full_duplex_all_requests_first",
        call: || {
            let requests = SIZES.map(|size| asking_for(&[size])).into();
            Call::new(Method::FullDuplexCall(requests, Pace::AtOnce))
        },
        check: |outcome| messages(outcome, &SIZES),
    },
    Case {
        name: "half_duplex",
        call: || {
            let requests = SIZES.map(|size| asking_for(&[size])).into();
            Call::new(Method::HalfDuplexCall(requests))
        },
        check: |outcome| messages(outcome, &SIZES),
    },
    Case {
        name: "empty_stream",
        call: || Call::new(Method::FullDuplexCall(Vec::new(), Pace::AtOnce)),
        check: |outcome| messages(outcome, &[]),
    },
    Case {
        name: "custom_metadata_unary",
        call: || Call::new(Method::UnaryCall(asking_for_one(5))).with_metadata(echoed(THREE)),
        check: |outcome| {
            messages(outcome, &[5])?;
            initial(outcome)?;
            trailing(outcome, THREE)
        },
    },
    Case {
        name: "custom_metadata_streaming",
        call: || {
            Call::new(Method::StreamingOutputCall(asking_for(&[5]))).with_metadata(echoed(THREE))
        },
        check: |outcome| {
            messages(outcome, &[5])?;
            initial(outcome)?;
            trailing(outcome, THREE)
        },
    },
    // In base64 it is padded, or is not.
    Case {
        name: "custom_metadata_of_one_byte",
        call: || Call::new(Method::UnaryCall(asking_for_one(5))).with_metadata(echoed(ONE)),
        check: |outcome| {
            messages(outcome, &[5])?;
            trailing(outcome, ONE)
        },
    },
    Case {
        name: "custom_metadata_of_failed_unary",
        call: || Call::new(Method::UnaryCall(failing(MESSAGE))).with_metadata(echoed(THREE)),
        check: |outcome| {
            fails(outcome, Code::Unknown, MESSAGE)?;
            trailing(outcome, THREE)
        },
    },
    Case {
        name: "status_code_and_message",
        call: || Call::new(Method::UnaryCall(failing(MESSAGE))),
        check: |outcome| fails(outcome, Code::Unknown, MESSAGE),
    },
    Case {
        name: "special_status_message",
        call: || Call::new(Method::UnaryCall(failing(SPECIAL))),
        check: |outcome| fails(outcome, Code::Unknown, SPECIAL),
    },
    Case {
        name: "error_before_messages",
        call: || Call::new(Method::StreamingOutputCall(breaking_off(&[]))),
        check: |outcome| {
            fails(outcome, Code::Unknown, MESSAGE)?;
            sizes(outcome, &[])
        },
    },
    Case {
        name: "error_after_messages",
        call: || {
            Call::new(Method::StreamingOutputCall(breaking_off(&SIZES)))
                .with_metadata(echoed(THREE))
        },
        check: |outcome| {
            fails(outcome, Code::Unknown, MESSAGE)?;
            sizes(outcome, &SIZES)?;
            initial(outcome)?;
            trailing(outcome, THREE)
        },
    },
    Case {
        name: "unimplemented_method",
        call: || Call::new(Method::UnimplementedCall),
        check: |outcome| fails_with(outcome, Code::Unimplemented),
    },
    Case {
        name: "unimplemented_service",
        call: || Call::new(Method::UnimplementedService),
        check: |outcome| fails_with(outcome, Code::Unimplemented),
    },
    Case {
        name: "deadline_reaches_server",
        call: || Call::new(Method::StreamingOutputCall(asking_for(&[5]))).with_timeout(FAR),
        check: |outcome| {
            messages(outcome, &[5])?;
            ensure(outcome.initial.get(DEADLINE) == Some("yes"), || {
                "the server saw no deadline".into()
            })
        },
    },
    Case {
        name: "timeout_on_sleeping_server",
        call: || Call::new(Method::StreamingOutputCall(then_sleeping())).with_timeout(TIMEOUT),
        check: |outcome| {
            fails_with(outcome, Code::DeadlineExceeded)?;
            sizes(outcome, &SIZES[..1])?;
            in_time(outcome, TIMEOUT..SLEEP)
        },
    },
    Case {
        name: "cancel_after_begin",
        call: || Call::new(Method::StreamingOutputCall(then_sleeping())).dropped_after(0),
        check: |outcome| {
            dropped(outcome)?;
            sizes(outcome, &[])?;
            in_time(outcome, Duration::ZERO..SLEEP)
        },
    },
    Case {
        name: "cancel_after_first_response",
        call: || Call::new(Method::StreamingOutputCall(then_sleeping())).dropped_after(1),
        check: |outcome| {
            dropped(outcome)?;
            sizes(outcome, &SIZES[..1])?;
            in_time(outcome, Duration::ZERO..SLEEP)
        },
    },
    // Those before it were given up, over the same connections.
    Case {
        name: "empty_unary_after_cancel",
        call: || Call::new(Method::EmptyCall),
        check: |outcome| messages(outcome, &[0]),
    },
];

/// Between the responses of [`spread_out`].
const INTERVAL: Duration = Duration::from_millis(100);
/// How long the turns of a ping-pong may take.
const TURNS: Duration = Duration::from_millis(1500);
/// A timeout that does not end a call.
const FAR: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_millis(400);
/// How long the server waits in [`then_sleeping`].
const SLEEP: Duration = Duration::from_secs(2);

const THREE: &[u8] = b"\xab\xab\xab";
const ONE: &[u8] = b"\xab";

fn payload(size: usize) -> Option<Payload> {
    Some(Payload {
        body: vec![0; size].into(),
        ..Payload::default()
    })
}

fn status(message: &str) -> Option<EchoStatus> {
    Some(EchoStatus {
        code: Code::Unknown as i32,
        message: message.into(),
    })
}

fn asking_for_one(size: i32) -> SimpleRequest {
    SimpleRequest {
        response_size: size,
        ..SimpleRequest::default()
    }
}

fn failing(message: &str) -> SimpleRequest {
    SimpleRequest {
        response_status: status(message),
        ..SimpleRequest::default()
    }
}

fn parameters(size: usize, after: Duration) -> ResponseParameters {
    ResponseParameters {
        size: size.try_into().expect("a size of a case"),
        interval_us: after.as_micros().try_into().expect("an interval of a case"),
        ..ResponseParameters::default()
    }
}

fn asking_for(sizes: &[usize]) -> StreamingOutputCallRequest {
    let each = |size: &usize| parameters(*size, Duration::ZERO);
    StreamingOutputCallRequest {
        response_parameters: sizes.iter().map(each).collect(),
        ..StreamingOutputCallRequest::default()
    }
}

fn spread_out(sizes: &[usize]) -> StreamingOutputCallRequest {
    let each = |size: &usize| parameters(*size, INTERVAL);
    StreamingOutputCallRequest {
        response_parameters: sizes.iter().map(each).collect(),
        ..StreamingOutputCallRequest::default()
    }
}

fn breaking_off(sizes: &[usize]) -> StreamingOutputCallRequest {
    StreamingOutputCallRequest {
        response_status: status(MESSAGE),
        ..asking_for(sizes)
    }
}

/// A response at once, and one that is long in coming.
fn then_sleeping() -> StreamingOutputCallRequest {
    StreamingOutputCallRequest {
        response_parameters: vec![parameters(SIZES[0], Duration::ZERO), parameters(9, SLEEP)],
        ..StreamingOutputCallRequest::default()
    }
}

fn echoed(binary: &[u8]) -> MetadataMap {
    let mut metadata = MetadataMap::new();
    let initial = metadata.insert(INITIAL, "test_initial_metadata_value");
    initial.expect("valid metadata");
    let trailing = metadata.insert_bin(TRAILING, binary);
    trailing.expect("valid metadata");
    metadata
}

fn ensure(right: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if right { Ok(()) } else { Err(otherwise()) }
}

/// That the call went well, with responses of these sizes.
fn messages(outcome: &Outcome, expected: &[usize]) -> Result<(), String> {
    match &outcome.end {
        Some(Ok(_)) => sizes(outcome, expected),
        Some(Err(status)) => Err(format!("{:?}: {}", status.code(), status.message())),
        None => Err("the call was dropped".into()),
    }
}

fn sizes(outcome: &Outcome, expected: &[usize]) -> Result<(), String> {
    let sizes: Vec<_> = outcome.responses.iter().map(|one| one.size).collect();
    ensure(sizes == expected, || {
        format!("responses of {sizes:?} bytes, not {expected:?}")
    })?;
    ensure(outcome.responses.iter().all(|one| one.zeros), || {
        "a payload is not of zeros alone".into()
    })
}

fn fails(outcome: &Outcome, code: Code, message: &str) -> Result<(), String> {
    fails_with(outcome, code)?;
    match &outcome.end {
        Some(Err(status)) if status.message() != message => Err(format!(
            "the message {:?}, not {message:?}",
            status.message()
        )),
        _ => Ok(()),
    }
}

fn fails_with(outcome: &Outcome, code: Code) -> Result<(), String> {
    match &outcome.end {
        Some(Err(status)) => ensure(status.code() == code, || {
            format!("{:?}, not {code:?}: {}", status.code(), status.message())
        }),
        Some(Ok(_)) => Err(format!("it went well, not {code:?}")),
        None => Err("the call was dropped".into()),
    }
}

fn dropped(outcome: &Outcome) -> Result<(), String> {
    match &outcome.end {
        None => Ok(()),
        Some(Ok(_)) => Err("it went well before it was dropped".into()),
        Some(Err(status)) => Err(format!("{:?}: {}", status.code(), status.message())),
    }
}

fn in_time(outcome: &Outcome, range: std::ops::Range<Duration>) -> Result<(), String> {
    ensure(range.contains(&outcome.took), || {
        format!("it took {:?}, not {range:?}", outcome.took)
    })
}

fn initial(outcome: &Outcome) -> Result<(), String> {
    let value = outcome.initial.get(INITIAL);
    ensure(value == Some("test_initial_metadata_value"), || {
        format!("the initial metadata {value:?}")
    })
}

fn trailing(outcome: &Outcome, expected: &[u8]) -> Result<(), String> {
    let metadata = match &outcome.end {
        Some(Ok(trailers)) => trailers,
        Some(Err(status)) => status.metadata(),
        None => return Err("the call was dropped".into()),
    };
    let value = metadata.get_bin(TRAILING);
    ensure(value.as_deref() == Some(expected), || {
        format!("the trailing metadata {value:?}")
    })
}
