// What generated code holds, made by the generator of another version.
const _: () = grpcweb_runtime::codegen::assert_version("0.0");

fn main() {}
