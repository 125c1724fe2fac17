"""The standard cases with sonora's synchronous client, in Python. Started by tests/interop/run."""

import os
import subprocess
import tempfile
import time
import unittest
import urllib.request
import uuid
from contextlib import contextmanager
from pathlib import Path

import grpc
import sonora.client
from grpc_tools import protoc

PROTOS = Path(__file__).parent.parent / "proto"
FILES = [f"grpc/testing/{name}.proto" for name in ("empty", "messages", "test")]

ECHO_INITIAL = "x-grpc-test-echo-initial"
ECHO_TRAILING = "x-grpc-test-echo-trailing-bin"
ECHOED = [(ECHO_INITIAL, "test_initial_metadata_value"), (ECHO_TRAILING, b"\xab\xab\xab")]

SIZES = [31415, 9, 2653, 58979]


def setUpModule():
    global Empty, messages, services, url
    stubs = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(stubs.cleanup)
    out = [f"--{kind}_out={stubs.name}" for kind in ("python", "grpc_python")]
    assert protoc.main(["protoc", f"-I{PROTOS}", *out, *FILES]) == 0
    # The stubs are in a package `grpc` as well.
    grpc.__path__.append(f"{stubs.name}/grpc")
    import grpc.testing.messages_pb2 as messages
    import grpc.testing.test_pb2_grpc as services
    from grpc.testing.empty_pb2 import Empty

    server = subprocess.Popen(
        [os.environ["INTEROP_SERVER"], "--until-eof"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    unittest.addModuleCleanup(server.communicate)
    url = server.stdout.readline().replace("listening on ", "").strip()


def payload(size):
    return messages.Payload(body=bytes(size))


def asking_for(*responses):
    """A request for messages of these sizes, each after so many milliseconds."""
    parameters = [
        messages.ResponseParameters(size=size, interval_us=milliseconds * 1000)
        for size, milliseconds in responses
    ]
    return messages.StreamingOutputCallRequest(response_parameters=parameters)


class Sonora(unittest.TestCase):
    def setUp(self):
        channel = sonora.client.insecure_web_channel(url)
        self.addCleanup(channel.__exit__, None, None, None)
        self.stub = services.TestServiceStub(channel)
        self.unimplemented = services.UnimplementedServiceStub(channel)

    @contextmanager
    def assert_fails(self, code, details=None):
        with self.assertRaises(grpc.RpcError) as failure:
            yield
        self.assertEqual(failure.exception.code(), code)
        if details is not None:
            self.assertEqual(failure.exception.details(), details)

    def test_empty_unary(self):
        self.assertEqual(self.stub.EmptyCall(Empty()), Empty())

    def test_empty_unary_with_deadline(self):
        self.assertEqual(self.stub.EmptyCall(Empty(), timeout=10), Empty())

    def test_empty_unary_with_deadline_of_too_many_digits(self):
        # Sent as 1000999999n.
        self.assertEqual(self.stub.EmptyCall(Empty(), timeout=1.001), Empty())

    def test_large_unary(self):
        request = messages.SimpleRequest(response_size=314159, payload=payload(271828))
        self.assertEqual(self.stub.UnaryCall(request).payload, payload(314159))

    def test_server_compressed_unary_stays_plain(self):
        request = messages.SimpleRequest(response_size=314159)
        request.response_compressed.value = True
        self.assertEqual(self.stub.UnaryCall(request).payload, payload(314159))

    def test_server_streaming(self):
        responses = self.stub.StreamingOutputCall(asking_for(*[(size, 10) for size in SIZES]))
        self.assertEqual([response.payload for response in responses], [payload(size) for size in SIZES])

    def test_server_streaming_of_nothing(self):
        self.assertEqual(list(self.stub.StreamingOutputCall(asking_for())), [])

    def test_custom_metadata_unary(self):
        request = messages.SimpleRequest(response_size=5)
        _, call = self.stub.UnaryCall.with_call(request, metadata=ECHOED)
        self.assert_echoed(call)

    def test_custom_metadata_streaming(self):
        call = self.stub.StreamingOutputCall(asking_for((5, 0)), metadata=ECHOED)
        self.assertEqual(len(list(call)), 1)
        self.assert_echoed(call)

    def assert_echoed(self, call):
        self.assertEqual(dict(call.initial_metadata())[ECHO_INITIAL], "test_initial_metadata_value")
        # Hands out binary metadata as it travels.
        self.assertEqual(dict(call.trailing_metadata())[ECHO_TRAILING], "q6ur")

    def test_status_code_and_message_unary(self):
        request = messages.SimpleRequest()
        request.response_status.code = 2
        request.response_status.message = "test status message"
        with self.assert_fails(grpc.StatusCode.UNKNOWN, "test status message"):
            self.stub.UnaryCall(request)

    def test_status_code_and_message_streaming(self):
        request = asking_for((5, 0))
        request.response_status.code = 2
        request.response_status.message = "test status message"
        responses = iter(self.stub.StreamingOutputCall(request))
        self.assertEqual(next(responses).payload, payload(5))
        with self.assert_fails(grpc.StatusCode.UNKNOWN, "test status message"):
            next(responses)

    def test_special_status_message(self):
        message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
        request = messages.SimpleRequest()
        request.response_status.code = 2
        request.response_status.message = message
        with self.assert_fails(grpc.StatusCode.UNKNOWN, message):
            self.stub.UnaryCall(request)

    def test_unimplemented_method(self):
        with self.assert_fails(grpc.StatusCode.UNIMPLEMENTED):
            self.stub.UnimplementedCall(Empty())

    def test_unimplemented_service(self):
        with self.assert_fails(grpc.StatusCode.UNIMPLEMENTED):
            self.unimplemented.UnimplementedCall(Empty())

    def test_timeout_on_sleeping_server(self):
        start = time.monotonic()
        with self.assert_fails(grpc.StatusCode.DEADLINE_EXCEEDED):
            list(self.stub.StreamingOutputCall(asking_for((31415, 0), (9, 2000)), timeout=0.4))
        self.assertLess(time.monotonic() - start, 1)

    def test_timeout_on_server_that_goes_on(self):
        # The timer of sonora starts anew with whatever comes, so this is up to the server.
        with self.assert_fails(grpc.StatusCode.DEADLINE_EXCEEDED):
            list(self.stub.StreamingOutputCall(asking_for(*[(1, 200)] * 10), timeout=0.5))

    def test_cancel_after_first_response(self):
        call_id = str(uuid.uuid4())
        metadata = [("x-interop-call-id", call_id)]
        request = asking_for((31415, 0), (31415, 0), (9, 20_000))
        call = self.stub.StreamingOutputCall(request, metadata=metadata)
        self.assertEqual(next(iter(call)).payload, payload(31415))
        # The only way to cancel.
        del call
        with urllib.request.urlopen(f"{url}/calls/{call_id}/cancelled") as response:
            self.assertEqual(response.status, 200)


if __name__ == "__main__":
    unittest.main()
