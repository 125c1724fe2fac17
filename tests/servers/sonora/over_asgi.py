"""The standard test service on sonora's ASGI application."""

import asyncio

import standard
from sonora.asgi import grpcASGI
from standard import messages, services


class Standard(services.TestServiceServicer):
    async def EmptyCall(self, request, context):
        await echo(context)
        return standard.Empty()

    async def UnaryCall(self, request, context):
        await echo(context)
        await end(request, context)
        return messages.SimpleResponse(payload=standard.payload(request.response_size))

    async def StreamingOutputCall(self, request, context):
        await echo(context, has_deadline=context.time_remaining() is not None)
        async for response in responses(request, context):
            yield response

    async def StreamingInputCall(self, requests, context):
        await echo(context)
        size = sum([len(request.payload.body) async for request in requests])
        return messages.StreamingInputCallResponse(aggregated_payload_size=size)

    async def FullDuplexCall(self, requests, context):
        await echo(context)
        async for request in requests:
            async for response in responses(request, context):
                yield response

    async def HalfDuplexCall(self, requests, context):
        await echo(context)
        for request in [request async for request in requests]:
            async for response in responses(request, context):
                yield response


async def responses(request, context):
    due = asyncio.get_running_loop().time()
    for parameters in request.response_parameters:
        due += parameters.interval_us / 1e6
        await asyncio.sleep(max(due - asyncio.get_running_loop().time(), 0))
        yield messages.StreamingOutputCallResponse(payload=standard.payload(parameters.size))
    await end(request, context)


async def echo(context, has_deadline=False):
    initial, trailing = standard.echoed(context)
    if has_deadline:
        initial.append(standard.DEADLINE)
    await context.send_initial_metadata(initial)
    context.set_trailing_metadata(trailing)


async def end(request, context):
    if code := standard.code(request.response_status):
        await context.abort(code, request.response_status.message)


application = grpcASGI()
services.add_TestServiceServicer_to_server(Standard(), application)
