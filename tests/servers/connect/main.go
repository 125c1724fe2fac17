// Serves the standard test service on connect-go: gRPC-Web and gRPC, HTTP/1.1 and HTTP/2 on one port.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"

	"connect-server/testing/testingconnect"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())

	mux := http.NewServeMux()
	mux.Handle(testingconnect.NewTestServiceHandler(standard{}))
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := http.Server{Handler: mux, Protocols: protocols}
	log.Fatal(server.Serve(listener))
}
