//! The plugin of `protoc`: reads a request from standard input, writes the response to standard
//! output.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, Command, value_parser};
use protoc_gen_grpcweb::{Error, OPTIONS, run_plugin, write_modules};

fn main() -> ExitCode {
    let arguments = command().get_matches();
    let result = if let Some(dir) = arguments.get_one::<PathBuf>("modules") {
        write_modules(dir).map_err(Some)
    } else if io::stdin().is_terminal() {
        Err(None)
    } else {
        run_plugin(io::stdin().lock(), io::stdout().lock()).map_err(Some)
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("protoc-gen-grpcweb: {}", explain(error));
            ExitCode::FAILURE
        }
    }
}

/// What to say to a person; `None` is one who started the plugin by hand.
fn explain(error: Option<Error>) -> String {
    error.map_or_else(
        || "this is a plugin that protoc runs for --grpcweb_out; see --help".to_owned(),
        |error| error.to_string(),
    )
}

fn command() -> Command {
    let width = OPTIONS
        .iter()
        .map(|option| option.name.len() + option.value.len())
        .max()
        .unwrap_or_default();
    let options: String = OPTIONS
        .iter()
        .map(|option| {
            let form = format!("{}{}", option.name, option.value);
            format!("  {form:width$}  {}\n", option.help)
        })
        .collect();
    Command::new("protoc-gen-grpcweb")
        .version(env!("CARGO_PKG_VERSION"))
        .about(
            "Turns the services of .proto files into Rust for gRPC-Web. A plugin that protoc runs.",
        )
        .arg(
            Arg::new("modules")
                .long("modules")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .help(
                    "Write DIR/mod.rs for the packages in DIR, after runs with package_files_only",
                ),
        )
        .after_help(format!(
            "Use it through protoc, with this program on the PATH:\n\n  \
             protoc --grpcweb_out=src/proto -I proto proto/helloworld.proto\n\n\
             or by its path:\n\n  \
             protoc --plugin=protoc-gen-grpcweb=/path/to/protoc-gen-grpcweb --grpcweb_out=…\n\n\
             Options, with commas between them, by --grpcweb_opt=NAME=VALUE,…  \
             (a comma within a value is \\,):\n\n{options}"
        ))
}
