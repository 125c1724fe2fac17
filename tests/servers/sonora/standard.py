"""What the standard test service answers, for both kinds of servers of sonora."""

import os

import grpc

# The stubs are in a package `grpc` as well.
grpc.__path__.append(os.path.join(os.environ["STUBS"], "grpc"))

import grpc.testing.messages_pb2 as messages  # noqa: E402
import grpc.testing.test_pb2_grpc as services  # noqa: E402, F401
from grpc.testing.empty_pb2 import Empty  # noqa: E402, F401

INITIAL = "x-grpc-test-echo-initial"
TRAILING = "x-grpc-test-echo-trailing-bin"


def echoed(context):
    """The initial and the trailing metadata that a call is to send back."""
    metadata = list(context.invocation_metadata())
    return [[pair for pair in metadata if pair[0] == key] for key in (INITIAL, TRAILING)]


# Initial metadata of a stream whose request came with a deadline.
DEADLINE = ("x-deadline", "yes")


def payload(size):
    return messages.Payload(body=bytes(size))


def code(status):
    """The code of the status that a request asks for; None where it is to go well."""
    if not status.code:
        return None
    return next(code for code in grpc.StatusCode if code.value[0] == status.code)
