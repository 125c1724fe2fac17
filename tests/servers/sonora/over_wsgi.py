"""The standard test service on sonora's WSGI application."""

import time

import standard
from sonora.wsgi import grpcWSGI
from standard import messages, services


class Standard(services.TestServiceServicer):
    def EmptyCall(self, request, context):
        echo(context)
        return standard.Empty()

    def UnaryCall(self, request, context):
        echo(context)
        end(request, context)
        return messages.SimpleResponse(payload=standard.payload(request.response_size))

    def StreamingOutputCall(self, request, context):
        # Not by `time_remaining`, which is always None: the units of timeouts are looked up as bytes.
        echo(context, has_deadline="grpc-timeout" in dict(context.invocation_metadata()))
        due = time.monotonic()
        for parameters in request.response_parameters:
            due += parameters.interval_us / 1e6
            time.sleep(max(due - time.monotonic(), 0))
            yield messages.StreamingOutputCallResponse(payload=standard.payload(parameters.size))
        end(request, context)


def echo(context, has_deadline=False):
    initial, trailing = standard.echoed(context)
    if has_deadline:
        initial.append(standard.DEADLINE)
    context.send_initial_metadata(initial)
    context.set_trailing_metadata(trailing)


def end(request, context):
    if code := standard.code(request.response_status):
        context.abort(code, request.response_status.message)


application = grpcWSGI()
services.add_TestServiceServicer_to_server(Standard(), application)
