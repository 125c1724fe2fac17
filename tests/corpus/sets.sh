# What the sets are, and where they come from: for `run`, which see. Nothing of them is kept in the
# repository.
#
# A set is a function, and a name in one of the lists below. It calls
#
#   place FROM TO [FIND-TEST...]    for the files to compile: *.proto below FROM, as if below TO;
#   support FROM TO [FIND-TEST...]  for what these import, likewise;
#
# with directories that `npm_package`, `go_module` and `crate` print.

default_sets=(
  googleapis-core envoy xds etcd temporal cosmos ibc osmosis cometbft containerd cri opentelemetry
  kvproto lnd milvus grpc-gateway grpc-go buildkit remote-apis conformance
)
more_sets=(
  googleapis googleapis-sample googleapis-more googleapis-ads
  googleapis-cloud-a googleapis-cloud-b googleapis-cloud-c googleapis-cloud-d googleapis-cloud-e
  googleapis-cloud-i googleapis-cloud-p googleapis-cloud-s
  kubernetes istio dapr go-protobuf go-protobuf-editions protobuf protobuf-editions
)

sample_sets=(googleapis-sample temporal milvus opentelemetry)

googleapis() { npm_package google-proto-files@6.0.1; }
gogo() { go_module github.com/gogo/protobuf@v1.3.2; }
cosmos_sdk() { go_module github.com/cosmos/cosmos-sdk@v0.50.15; }
grpc_gateway() { go_module github.com/grpc-ecosystem/grpc-gateway/v2@v2.32.0; }

# The parts of googleapis that others import. Never its google/protobuf, which is older than protoc.
support_googleapis() {
  local part
  for part in api rpc type longrunning; do support "$(googleapis)/google/$part" "google/$part"; done
}

place_googleapis() {
  local part
  support "$(googleapis)" . -not -path '*/google/protobuf/*'
  for part in "$@"; do place "$(googleapis)/$part" "$part" -not -path '*/google/protobuf/*'; done
}

set_googleapis-core() {
  place_googleapis google/{api,bigtable,bytestream,container,datastore,firestore,iam,logging} \
    google/{longrunning,monitoring,pubsub,rpc,spanner,storage,storagetransfer,type,watcher}
}

set_googleapis-sample() { place_googleapis google/{bytestream,iam,longrunning,pubsub,spanner,watcher}; }

# Everything at once. To be generated: checking it takes more memory than `run` allows.
set_googleapis() {
  place_googleapis google grafeas
  unplace 'google/protobuf/*'
}

# All but google/ads and google/cloud.
set_googleapis-more() {
  place_googleapis google grafeas
  unplace 'google/ads/*' 'google/cloud/*' 'google/protobuf/*'
}

# Four versions of the largest are in the package: the last one is enough.
set_googleapis-ads() {
  place_googleapis google/ads
  unplace 'google/ads/googleads/v2[2-4]/*'
}

set_googleapis-cloud-a() { place_googleapis_cloud '[0-9ab]*'; }
set_googleapis-cloud-b() { place_googleapis_cloud 'c*'; }
set_googleapis-cloud-c() { place_googleapis_cloud 'd[a-h]*'; }
set_googleapis-cloud-d() { place_googleapis_cloud 'dialogflow'; }
set_googleapis-cloud-e() { place_googleapis_cloud 'd[j-z]*' '[e-h]*'; }
set_googleapis-cloud-i() { place_googleapis_cloud '[i-o]*'; }
set_googleapis-cloud-p() { place_googleapis_cloud '[pqr]*'; }
set_googleapis-cloud-s() { place_googleapis_cloud '[s-z]*'; }

place_googleapis_cloud() {
  local pattern dir
  support "$(googleapis)" . -not -path '*/google/protobuf/*'
  for pattern in "$@"; do
    for dir in "$(googleapis)"/google/cloud/$pattern/; do
      place "$dir" "google/cloud/$(basename "$dir")"
    done
  done
}

set_envoy() {
  local deps
  deps=$(npm_package @grpc/grpc-js-xds@1.14.1)/deps
  # Version 2 is there in parts only.
  place "$deps/envoy-api" . -not -path '*/v2/*' -not -path '*/v2alpha*'
  support "$deps/xds" .
  support "$(go_module github.com/envoyproxy/protoc-gen-validate@v1.3.3)/validate" validate
  support "$(go_module github.com/prometheus/client_model@v0.6.3)/io" io
  support "$(go_module github.com/census-instrumentation/opencensus-proto@v0.4.1)/src" .
  support "$(crate opentelemetry-proto@0.33.1)/src/proto/opentelemetry-proto" .
  support "$(googleapis)/google/api/expr" google/api/expr
  support_googleapis
}

set_xds() {
  place "$(npm_package @grpc/grpc-js-xds@1.14.1)/deps/xds" .
  support "$(npm_package @grpc/grpc-js-xds@1.14.1)/deps/envoy-api" .
  support "$(go_module github.com/envoyproxy/protoc-gen-validate@v1.3.3)/validate" validate
  support_googleapis
}

set_etcd() {
  place "$(go_module go.etcd.io/etcd/api/v3@v3.7.3)" etcd/api
  place "$(go_module go.etcd.io/etcd/server/v3@v3.7.3)" etcd/server
  place "$(go_module go.etcd.io/raft/v3@v3.7.0)/raftpb" raftpb
  # Imports by another path what others import too.
  unplace etcd/api/etcdserverpb/raft_internal.proto
  support "$(grpc_gateway)/protoc-gen-openapiv2" protoc-gen-openapiv2
  support "$(gogo)/gogoproto" gogoproto
  support_googleapis
}

set_temporal() {
  local protos
  protos=$(crate temporalio-protos@0.10.2)/protos
  place "$protos/api_upstream" . -not -path '*/google/*'
  place "$protos/api_cloud_upstream" .
  place "$protos/testsrv_upstream" .
  support "$protos" . -path '*/protoc-gen-openapiv2/*'
  support_googleapis
}

set_cosmos() {
  place "$(cosmos_sdk)/proto" .
  support_cosmos
}

support_cosmos() {
  support "$(cosmos_sdk)/proto" .
  support "$(go_module github.com/cosmos/gogoproto@v1.7.2)/gogoproto" gogoproto
  support "$(npm_package @protobufs/cosmos_proto@0.0.10)" cosmos_proto
  support_googleapis
}

set_ibc() {
  place "$(go_module github.com/cosmos/ibc-go/v10@v10.7.0)/proto" .
  # github.com/cosmos/ics23 is in no registry.
  write_support cosmos/ics23/v1/proofs.proto 'syntax = "proto3";
    package cosmos.ics23.v1;
    message CommitmentProof {}
    message ProofSpec {}'
  support_cosmos
}

set_osmosis() {
  place "$(npm_package @protobufs/osmosis@0.4.0)" osmosis
  support_cosmos
}

set_cometbft() {
  place "$(go_module github.com/cometbft/cometbft@v1.0.1)/proto" .
  support "$(go_module github.com/cosmos/gogoproto@v1.7.2)/gogoproto" gogoproto
}

set_containerd() {
  place "$(go_module github.com/containerd/containerd/api@v1.12.0)" .
  support_googleapis
}

set_cri() {
  place "$(go_module k8s.io/cri-api@v0.37.2)/pkg/apis" .
}

set_opentelemetry() {
  place "$(crate opentelemetry-proto@0.33.1)/src/proto/opentelemetry-proto" .
}

set_kvproto() {
  local module
  module=$(go_module github.com/pingcap/kvproto@v0.0.0-20260608025309-50b863799195)
  place "$module/proto" .
  support "$module/include" . -not -path '*/google/protobuf/*'
}

set_lnd() {
  place "$(go_module github.com/lightningnetwork/lnd@v0.18.3-beta.rc3)/lnrpc" .
}

# The last version of the package that holds .proto files.
set_milvus() {
  place "$(npm_package @zilliz/milvus2-sdk-node@2.5.0)/dist/proto/proto" . \
    -not -path '*/google/protobuf/*'
}

set_grpc-gateway() {
  place "$(grpc_gateway)" .
  support_googleapis
}

set_grpc-go() {
  place "$(go_module google.golang.org/grpc@v1.85.0)" .
}

set_buildkit() {
  place "$(go_module github.com/moby/buildkit@v0.34.2)" github.com/moby/buildkit
  support "$(go_module github.com/tonistiigi/fsutil@v0.0.0-20260819142231-83cac42c1c52)" \
    github.com/tonistiigi/fsutil
  support "$(go_module github.com/planetscale/vtprotobuf@v0.6.0)/include" .
  support_googleapis
}

set_remote-apis() {
  place "$(go_module github.com/bazelbuild/remote-apis@v0.0.0-20260908115904-76ddd98e1f92)" .
  support_googleapis
}

set_conformance() {
  place "$(go_module connectrpc.com/conformance@v1.0.7)/proto" .
}

# Messages only.
set_kubernetes() {
  place "$(go_module k8s.io/api@v0.37.2)" k8s.io/api
  place "$(go_module k8s.io/apimachinery@v0.37.2)" k8s.io/apimachinery
}

set_istio() {
  place "$(go_module istio.io/api@v1.31.1)" . -not -path '*/common-protos/*'
  support_googleapis
}

set_dapr() {
  place "$(go_module github.com/dapr/dapr@v1.14.0)" .
}

# Tests of protobuf for Go, and of protobuf itself: names, groups, extensions.
set_go-protobuf() {
  place_go_protobuf
  unplace_editions
}

set_go-protobuf-editions() { place_go_protobuf; }

set_protobuf() {
  place_protobuf
  unplace_editions
}

set_protobuf-editions() { place_protobuf; }

place_go_protobuf() {
  local module
  module=$(go_module google.golang.org/protobuf@v1.36.12)
  place "$module" . -not -path './src/*'
  support "$module/src" .
}

place_protobuf() {
  local sources
  sources=$(crate protobuf-src@2.1.1+27.1)/protobuf/src
  place "$sources" . -path '*/google/protobuf/*' -name '*test*' -not -path '*/compiler/*' \
    -not -name 'unittest*_features.proto'
  support "$sources" . -path '*/google/protobuf/*'
  # What protoc has come to refuse on extensions.
  sed -i -E 's/unverified_lazy ?= ?true/deprecated = true/' "$work"/*/google/protobuf/*.proto
}
