// Asks a server how it is, with what grpc-go has for it.
//
//	health check ADDRESS SERVICE   prints the status and ends with 1 unless the service serves
//	health watch ADDRESS SERVICE   prints each status, one a line, until the stream ends, and then its code
//	health states ADDRESS SERVICE  prints each state of a channel that goes by the health of the service,
//	                               until standard input ends
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health"
	pb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

const patience = 10 * time.Second

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: health check|watch|states ADDRESS SERVICE")
		os.Exit(2)
	}
	command, address, service := os.Args[1], os.Args[2], os.Args[3]
	config := fmt.Sprintf(
		`{"loadBalancingConfig":[{"round_robin":{}}],"healthCheckConfig":{"serviceName":%q}}`, service)
	options := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	if command == "states" {
		options = append(options, grpc.WithDefaultServiceConfig(config))
	}
	channel, err := grpc.NewClient(address, options...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	switch client := pb.NewHealthClient(channel); command {
	case "check":
		check(client, service)
	case "watch":
		watch(client, service)
	case "states":
		states(channel)
	}
}

func check(client pb.HealthClient, service string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	reply, err := client.Check(ctx, &pb.HealthCheckRequest{Service: service})
	if err != nil {
		fmt.Println(status.Code(err))
		os.Exit(1)
	}
	fmt.Println(reply.Status)
	if reply.Status != pb.HealthCheckResponse_SERVING {
		os.Exit(1)
	}
}

func watch(client pb.HealthClient, service string) {
	stream, err := client.Watch(context.Background(), &pb.HealthCheckRequest{Service: service})
	for err == nil {
		var reply *pb.HealthCheckResponse
		if reply, err = stream.Recv(); err == nil {
			fmt.Println(reply.Status)
		}
	}
	fmt.Println(status.Code(err))
}

func states(channel *grpc.ClientConn) {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	channel.Connect()
	for {
		state := channel.GetState()
		fmt.Println(state)
		channel.WaitForStateChange(context.Background(), state)
	}
}
