//! Generates the code of everything in `proto/`.

fn main() -> Result<(), protoc_gen_grpcweb::Error> {
    protoc_gen_grpcweb::configure()
        .file_descriptor_set(true)
        .views(".rich")
        .views(".legacy.Legacy")
        .views(".delimited")
        .views("Bare")
        .btree_map(".rich")
        .bytes(".rich.Rich.blob")
        .compile_protos(
            &[
                "proto/rich.proto",
                "proto/legacy.proto",
                "proto/delimited.proto",
                "proto/bare.proto",
            ],
            &["proto"],
        )
}
