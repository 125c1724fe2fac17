package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"connectrpc.com/connect"

	"connect-server/testing"
	"connect-server/testing/testingconnect"
)

const (
	echoInitial  = "X-Grpc-Test-Echo-Initial"
	echoTrailing = "X-Grpc-Test-Echo-Trailing-Bin"
	// Initial metadata of a stream whose request came with a deadline.
	deadline = "X-Deadline"
)

// The standard service. What it answers is written at its methods in test.proto; those that no case calls
// are left unimplemented.
type standard struct {
	testingconnect.UnimplementedTestServiceHandler
}

func (standard) EmptyCall(
	_ context.Context, request *connect.Request[testing.Empty],
) (*connect.Response[testing.Empty], error) {
	return unary(request.Header(), &testing.Empty{}, nil)
}

func (standard) UnaryCall(
	_ context.Context, request *connect.Request[testing.SimpleRequest],
) (*connect.Response[testing.SimpleResponse], error) {
	response := &testing.SimpleResponse{Payload: zeros(request.Msg.ResponseSize)}
	return unary(request.Header(), response, asAsked(request.Msg.ResponseStatus))
}

func (standard) StreamingOutputCall(
	ctx context.Context,
	request *connect.Request[testing.StreamingOutputCallRequest],
	stream *connect.ServerStream[testing.StreamingOutputCallResponse],
) error {
	copyEcho(stream.ResponseHeader(), echoInitial, request.Header())
	copyEcho(stream.ResponseTrailer(), echoTrailing, request.Header())
	if _, has := ctx.Deadline(); has {
		stream.ResponseHeader().Set(deadline, "yes")
	}
	return outputs(ctx, request.Msg, stream.Send)
}

func (standard) StreamingInputCall(
	_ context.Context, stream *connect.ClientStream[testing.StreamingInputCallRequest],
) (*connect.Response[testing.StreamingInputCallResponse], error) {
	response := &testing.StreamingInputCallResponse{}
	for stream.Receive() {
		response.AggregatedPayloadSize += int32(len(stream.Msg().GetPayload().GetBody()))
	}
	return unary(stream.RequestHeader(), response, stream.Err())
}

func (standard) FullDuplexCall(ctx context.Context, stream *duplex) error {
	return exchange(stream, func(request *testing.StreamingOutputCallRequest) error {
		return outputs(ctx, request, stream.Send)
	})
}

func (standard) HalfDuplexCall(ctx context.Context, stream *duplex) error {
	var requests []*testing.StreamingOutputCallRequest
	err := exchange(stream, func(request *testing.StreamingOutputCallRequest) error {
		requests = append(requests, request)
		return nil
	})
	for _, request := range requests {
		if err == nil {
			err = outputs(ctx, request, stream.Send)
		}
	}
	return err
}

type duplex = connect.BidiStream[testing.StreamingOutputCallRequest, testing.StreamingOutputCallResponse]

// Handles each request as it comes.
func exchange(stream *duplex, handle func(*testing.StreamingOutputCallRequest) error) error {
	copyEcho(stream.ResponseHeader(), echoInitial, stream.RequestHeader())
	copyEcho(stream.ResponseTrailer(), echoTrailing, stream.RequestHeader())
	for {
		request, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = handle(request)
		}
		if err != nil {
			return err
		}
	}
}

// Sends the messages that a request asks for, each when it is due, and then the status.
func outputs(
	ctx context.Context,
	request *testing.StreamingOutputCallRequest,
	send func(*testing.StreamingOutputCallResponse) error,
) error {
	due := time.Now()
	for _, parameters := range request.ResponseParameters {
		due = due.Add(time.Duration(parameters.IntervalUs) * time.Microsecond)
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := send(&testing.StreamingOutputCallResponse{Payload: zeros(parameters.Size)}); err != nil {
			return err
		}
	}
	return asAsked(request.ResponseStatus)
}

func unary[T any](request http.Header, message *T, err error) (*connect.Response[T], error) {
	if err != nil {
		var failure *connect.Error
		if errors.As(err, &failure) {
			copyEcho(failure.Meta(), echoTrailing, request)
		}
		return nil, err
	}
	response := connect.NewResponse(message)
	copyEcho(response.Header(), echoInitial, request)
	copyEcho(response.Trailer(), echoTrailing, request)
	return response, nil
}

func copyEcho(to http.Header, key string, from http.Header) {
	if values := from[key]; len(values) > 0 {
		to[key] = values
	}
}

// The status that a request asks for.
func asAsked(status *testing.EchoStatus) error {
	if status.GetCode() == 0 {
		return nil
	}
	return connect.NewError(connect.Code(status.Code), errors.New(status.Message))
}

func zeros(size int32) *testing.Payload {
	return &testing.Payload{Body: make([]byte, size)}
}
