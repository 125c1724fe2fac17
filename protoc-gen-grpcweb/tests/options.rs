//! What each option does, with the same bytes from both doors.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use protoc_gen_grpcweb::{Builder, configure};
use support::{PLUGIN, ZOO, protos, run_protoc, through_build_script, through_protoc, written};

const FILES: [&str; 3] = ["zoo.proto", "animals.proto", "bare.proto"];

/// The generated code, all files in one, once both doors agree on it.
fn generated(options: &str, builder: Builder) -> String {
    let dir = protos(ZOO);
    let by_protoc = through_protoc(dir.path(), &FILES, options).unwrap();
    assert_eq!(
        by_protoc,
        through_build_script(dir.path(), &FILES, builder),
        "{options}"
    );
    by_protoc
        .iter()
        .map(|(name, code)| format!("//// {name}\n{code}"))
        .collect()
}

#[test]
fn each_half_of_a_service_can_be_left_out() {
    let code = generated("build_client=false", configure().build_client(false));
    assert!(code.contains("mod keeper_server") && !code.contains("mod keeper_client"));
    let code = generated("build_server=false", configure().build_server(false));
    assert!(!code.contains("mod keeper_server") && code.contains("mod keeper_client"));
    let neither = configure().build_server(false).build_client(false);
    let code = generated("build_server=false,build_client=false", neither);
    assert!(code.contains("pub struct Cage") && !code.contains("KEEPER_SERVICE"));
}

#[test]
fn a_blocking_client_is_beside_the_other_one_or_alone() {
    let code = generated("", configure());
    assert!(!code.contains("KeeperBlockingClient"), "{code}");
    let code = generated(
        "build_blocking_client",
        configure().build_blocking_client(true),
    );
    for part in [
        "pub struct KeeperClient<T>",
        "pub struct KeeperBlockingClient<T>",
        "rt::blocking::Messages<super::animals::Animal>",
        "rt::blocking::IntoStreamingRequest<super::Cage>",
    ] {
        assert!(code.contains(part), "{part} is not in:\n{code}");
    }
    assert_eq!(code.matches("pub mod keeper_client").count(), 1);

    let code = generated(
        "build_client=false,build_server=false,build_blocking_client,client_feature=calls",
        configure()
            .build_client(false)
            .build_server(false)
            .build_blocking_client(true)
            .client_feature("calls"),
    );
    assert!(
        code.contains("#[cfg(feature = \"calls\")]\npub mod keeper_client"),
        "{code}"
    );
    assert!(code.contains("KEEPER_SERVICE") && code.contains("KeeperBlockingClient"));
    assert!(!code.contains("KeeperClient") && !code.contains("KeeperServer"));
}

/// The names of two services that could be mistaken for those of one.
#[test]
fn a_blocking_client_is_in_the_way_of_no_other_service() {
    let dir = protos(&[(
        "a.proto",
        "syntax = \"proto3\"; package a; message M {}
         service Foo { rpc Get(M) returns (M); }
         service FooBlocking { rpc Get(M) returns (M); }",
    )]);
    let files = through_protoc(dir.path(), &["a.proto"], "build_blocking_client").unwrap();
    let code = &files[0].1;
    for (part, count) in [
        ("pub mod foo_client {", 1),
        ("pub mod foo_blocking_client {", 1),
        // Once in each of the modules.
        ("pub struct FooBlockingClient<T> {", 2),
        ("pub struct FooBlockingBlockingClient<T> {", 1),
    ] {
        assert_eq!(code.matches(part).count(), count, "{part} in:\n{code}");
    }
}

#[test]
fn a_package_of_which_nothing_is_wanted_is_left_out() {
    let dir = protos(&[(
        "only.proto",
        "syntax = \"proto3\"; package only; import \"google/protobuf/empty.proto\";
         service S { rpc Get(google.protobuf.Empty) returns (google.protobuf.Empty); }",
    )]);
    for options in [
        "build_client=false,build_server=false",
        "exclude_service=only",
    ] {
        let files = through_protoc(dir.path(), &["only.proto"], options).unwrap();
        let names: Vec<_> = files.iter().map(|(name, _)| &name[..]).collect();
        assert_eq!(names, ["mod.rs"], "{options}");
        assert!(!files[0].1.contains("only"), "{}", files[0].1);
    }
}

#[test]
fn stubs_answer_unimplemented() {
    let code = generated(
        "generate_default_stubs",
        configure().generate_default_stubs(true),
    );
    assert!(
        code.contains("\"zoo.v1.Keeper/Find is not implemented\""),
        "{code}"
    );
}

#[test]
fn each_half_can_be_behind_a_feature() {
    let code = generated(
        "client_feature=calls,server_feature=serves",
        configure().client_feature("calls").server_feature("serves"),
    );
    assert!(
        code.contains("#[cfg(feature = \"calls\")]\npub mod keeper_client"),
        "{code}"
    );
    assert!(
        code.contains("#[cfg(feature = \"serves\")]\npub mod keeper_server"),
        "{code}"
    );
}

#[test]
fn services_can_be_chosen() {
    let code = generated(
        "include_service=.zoo.v1,exclude_service=zoo.v1.Nobody",
        configure()
            .include_service(".zoo.v1")
            .exclude_service("zoo.v1.Nobody"),
    );
    assert!(code.contains("mod keeper_server"));
    assert!(!code.contains("mod nobody_server") && !code.contains("mod root_server"));
    assert!(code.contains("pub struct Bare"));
}

#[test]
fn attributes_go_where_they_are_wanted() {
    let code = generated(
        "client_attribute=.zoo=#[client],client_mod_attribute=.=#[client_mod],\
         server_attribute=zoo.v1.Keeper=#[server(a\\, b)],server_mod_attribute=.zoo.v1=#[server_mod],\
         type_attribute=.zoo=#[ty],message_attribute=.Bare=#[message],field_attribute=Cage.photo=#[field]",
        configure()
            .client_attribute(".zoo", "#[client]")
            .client_mod_attribute(".", "#[client_mod]")
            .server_attribute("zoo.v1.Keeper", "#[server(a, b)]")
            .server_mod_attribute(".zoo.v1", "#[server_mod]")
            .type_attribute(".zoo", "#[ty]")
            .message_attribute(".Bare", "#[message]")
            .field_attribute("Cage.photo", "#[field]"),
    );
    for (attribute, count) in [
        ("#[client]", 2),
        ("#[client_mod]", 3),
        ("#[server(a, b)]", 1),
        ("#[server_mod]", 2),
        ("#[ty]", 3),
        ("#[message]", 1),
        ("#[field]", 1),
    ] {
        assert_eq!(code.matches(attribute).count(), count, "{attribute}");
    }
}

#[test]
fn messages_can_be_elsewhere() {
    let code = generated(
        "services_only,messages=crate::pb",
        configure().services_only(true).messages("crate::pb"),
    );
    assert!(!code.contains("pub struct Cage") && code.contains("mod keeper_server"));
    for path in [
        "crate::pb::zoo::v1::animals::Animal",
        "crate::pb::zoo::v1::cage::Lock",
        "crate::pb::Bare",
        "rt::Request<()>",
    ] {
        assert!(code.contains(path), "{path}");
    }
    assert!(!code.contains("//// zoo.v1.animals.rs"));

    let dir = protos(ZOO);
    for options in ["services_only", "messages=crate::pb"] {
        let said = through_protoc(dir.path(), &FILES, options).unwrap_err();
        assert!(
            said.contains("services_only") && said.contains("messages"),
            "{said}"
        );
    }
}

#[test]
fn types_can_be_of_other_crates() {
    let code = generated(
        "extern_path=.zoo.v1.animals=::animals::v1,extern_path=.google.protobuf.Empty=crate::Nothing",
        configure()
            .extern_path(".zoo.v1.animals", "::animals::v1")
            .extern_path(".google.protobuf.Empty", "crate::Nothing"),
    );
    assert!(
        code.contains("rt::Request<::animals::v1::Animal>"),
        "{code}"
    );
    assert!(code.contains("rt::Request<crate::Nothing>"), "{code}");
    assert!(!code.contains("pub struct Animal"));
}

#[test]
fn well_known_types_can_be_generated() {
    let dir = protos(ZOO);
    let builder = configure().compile_well_known_types(true);
    let code: String = through_build_script(dir.path(), &FILES, builder)
        .into_iter()
        .map(|(_, code)| code)
        .collect();
    assert!(code.contains("pub struct Empty {}"), "{code}");
    assert!(
        code.contains("rt::Request<super::super::super::google::protobuf::Empty>"),
        "{code}"
    );
}

#[test]
fn fields_can_have_other_types() {
    let code = generated(
        "bytes=Cage.photo,boxed=.zoo.v1.animals.Animal.name",
        configure()
            .bytes("Cage.photo")
            .boxed(".zoo.v1.animals.Animal.name"),
    );
    assert!(code.contains("bytes = \"bytes\""), "{code}");
}

#[test]
fn messages_can_have_views() {
    let code = generated(
        "views=.zoo.v1.animals.Animal,views=zoo.v1.Cage",
        configure()
            .views(".zoo.v1.animals.Animal")
            .views("zoo.v1.Cage"),
    );
    for part in [
        "pub struct AnimalView<'a>",
        "pub struct CageView<'a>",
        "rt::Request<super::animals::AnimalView<'_>>",
        "rt::Request<rt::Streaming<rt::Encoded<super::animals::Animal>>>",
        "rt::view::unary::<",
        // What is in it, and borrows nothing.
        "pub struct LockView {",
        // Clients are as they were.
        "rt::IntoRequest<super::animals::Animal>",
    ] {
        assert!(code.contains(part), "{part} is not in:\n{code}");
    }
    assert!(!code.contains("BareView"), "{code}");

    let code = generated("views=.", configure().views("."));
    assert!(code.contains("pub struct BareView {"), "{code}");
    assert!(code.contains("rt::Request<()>"), "{code}");
}

/// A type has the name that a view would have.
#[test]
fn a_view_is_in_the_way_of_no_type() {
    let dir = protos(&[(
        "a.proto",
        "syntax = \"proto3\"; package a;
         message M { string text = 1; oneof choice { string left = 2; } enum ChoiceView { NONE = 0; } }
         message MView { string text = 1; }
         enum MView2 { ZERO = 0; }
         service S { rpc Get(M) returns (MView); }",
    )]);
    let files = through_protoc(dir.path(), &["a.proto"], "views=.a").unwrap();
    let code = &files[0].1;
    for part in [
        "pub struct MView3<'a> {",
        "pub struct MViewView<'a> {",
        "pub enum ChoiceView2<'a> {",
        "rt::Request<super::MView3<'_>>",
    ] {
        assert!(code.contains(part), "{part} is not in:\n{code}");
    }
}

#[test]
fn a_view_that_is_somewhere_else_is_found_there() {
    let code = generated(
        "services_only,messages=crate::pb,views=.zoo.v1.animals.Animal",
        configure()
            .services_only(true)
            .messages("crate::pb")
            .views(".zoo.v1.animals.Animal"),
    );
    assert!(!code.contains("AnimalView"), "{code}");
    let view = "rt::view::View<'_, crate::pb::zoo::v1::animals::Animal>";
    assert!(code.contains(view), "{code}");
}

#[test]
fn a_view_owns_what_another_run_generates() {
    let dir = protos(&[
        (
            "a.proto",
            "syntax = \"proto3\"; package a; import \"b.proto\";
             message A { b.B b = 1; string text = 2; }
             service S { rpc Get(b.B) returns (A); }",
        ),
        (
            "b.proto",
            "syntax = \"proto3\"; package b; message B { string text = 1; }",
        ),
    ]);
    let options = "views=.a,views=.b,package_files_only";
    let files = through_protoc(dir.path(), &["a.proto"], options).unwrap();
    let [(_, code)] = &files[..] else {
        panic!("{files:?}");
    };
    for part in [
        "pub struct AView<'a> {",
        "rt::Owned<super::b::B>",
        "rt::Request<rt::view::View<'_, super::super::b::B>>",
    ] {
        assert!(code.contains(part), "{part} is not in:\n{code}");
    }
    let files = through_protoc(dir.path(), &["b.proto"], options).unwrap();
    assert!(files[0].1.contains("pub struct BView<'a> {"), "{files:?}");
}

#[test]
fn a_view_of_nothing_is_an_error_that_says_how_to_name_a_message() {
    let dir = protos(ZOO);
    for path in [".zoo.v1.Caeg", "Cage", ".zoo.v1.Keeper"] {
        let said = through_protoc(dir.path(), &FILES, &format!("views={path}")).unwrap_err();
        for part in [path, "no such message", ".pkg.Message"] {
            assert!(said.contains(part), "{part} is not in: {said}");
        }
    }
    // Of several runs, each has the options of all.
    let options = "views=.zoo.v1.Caeg,package_files_only";
    through_protoc(dir.path(), &FILES, options).unwrap();
}

#[test]
fn comments_can_be_left_out() {
    let all = generated("", configure());
    assert!(all.contains("/// Keeps animals.") && all.contains("/// Finds one."));
    let code = generated(
        "disable_comments=.zoo.v1.Keeper.Find",
        configure().disable_comments(".zoo.v1.Keeper.Find"),
    );
    assert!(code.contains("/// Keeps animals.") && !code.contains("/// Finds one."));
    let code = generated("disable_comments=.", configure().disable_comments("."));
    assert!(!code.contains("/// Keeps animals.") && !code.contains("/// Finds one."));
}

#[test]
fn files_can_have_other_names() {
    let code = generated(
        "include_file=all.rs,default_package_filename=bare",
        configure()
            .include_file("all.rs")
            .default_package_filename("bare"),
    );
    assert!(code.contains("//// all.rs") && code.contains("//// bare.rs"));
    assert!(code.contains("include!(\"bare.rs\");"));
}

#[test]
fn messages_can_know_their_names() {
    let code = generated("", configure());
    assert!(!code.contains("::Name for"));
    let code = generated(
        "enable_type_names,type_name_domain=.=all.example,type_name_domain=.zoo.v1.Cage=cage.example",
        configure()
            .enable_type_names(true)
            .type_name_domain(".", "all.example")
            .type_name_domain(".zoo.v1.Cage", "cage.example"),
    );
    for (head, url) in [
        ("Name for Cage {", "cage.example/zoo.v1.Cage"),
        ("Name for cage::Lock {", "cage.example/zoo.v1.Cage.Lock"),
        ("Name for Animal {", "all.example/zoo.v1.animals.Animal"),
        ("Name for Bare {", "all.example/Bare"),
    ] {
        let start = code.find(head).expect(head);
        let implementation = code[start..].split("\n}").next().unwrap();
        assert!(
            implementation.contains(&format!("\"{url}\"")),
            "{implementation}"
        );
    }
    assert_eq!(code.matches("::Name for").count(), 4);

    let dir = protos(ZOO);
    let said = through_protoc(dir.path(), &FILES, "type_name_domain=.=a.example").unwrap_err();
    assert!(said.contains("enable_type_names"), "{said}");
}

#[test]
fn messages_that_are_elsewhere_have_their_names_there() {
    let code = generated(
        "enable_type_names,extern_path=.zoo.v1.Cage=::zoo::Cage",
        configure()
            .enable_type_names(true)
            .extern_path(".zoo.v1.Cage", "::zoo::Cage"),
    );
    assert_eq!(code.matches("::Name for").count(), 2);
}

#[test]
fn the_module_can_be_written_after_several_runs() {
    let dir = protos(ZOO);
    let at_once = through_protoc(dir.path(), &FILES, "").unwrap();
    assert_eq!(at_once[1].0, "mod.rs");

    let out = tempfile::tempdir().unwrap();
    for file in FILES {
        let output = run_protoc(dir.path(), &[file], "package_files_only", out.path());
        assert!(output.status.success(), "{output:?}");
    }
    assert!(!out.path().join("mod.rs").exists());
    fs::write(out.path().join("own.rs"), "// not generated").unwrap();
    // What an earlier run left does not tie itself.
    let (name, module) = &at_once[1];
    fs::write(out.path().join(name), module).unwrap();
    let tied = Command::new(PLUGIN)
        .arg("--modules")
        .arg(out.path())
        .status()
        .unwrap();
    assert!(tied.success());
    fs::remove_file(out.path().join("own.rs")).unwrap();
    assert_eq!(written(out.path()), at_once);

    let again = tempfile::tempdir().unwrap();
    for file in FILES {
        let builder = configure().package_files_only(true).out_dir(again.path());
        compile(dir.path(), &[file], builder).unwrap();
    }
    protoc_gen_grpcweb::write_modules(again.path()).unwrap();
    assert_eq!(written(again.path()), at_once);
}

#[test]
fn a_directory_without_generated_code_gets_no_module() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("own.rs"), "// not generated").unwrap();
    let output = Command::new(PLUGIN)
        .arg("--modules")
        .arg(dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && said.contains("no generated code"),
        "{said}"
    );
    assert!(!dir.path().join("mod.rs").exists());

    let dir = protos(ZOO);
    let options = "package_files_only,file_descriptor_set";
    let said = through_protoc(dir.path(), &FILES, options).unwrap_err();
    assert!(said.contains("file_descriptor_set"), "{said}");
}

#[test]
fn descriptors_can_be_embedded() {
    let code = generated("file_descriptor_set", configure().file_descriptor_set(true));
    let start = code
        .find("pub const FILE_DESCRIPTOR_SET: &[u8] = b\"")
        .unwrap();
    let constant = code[start..].lines().next().unwrap();
    for name in ["zoo.proto", "animals.proto", "Keeper", "watch_all"] {
        assert!(constant.contains(name), "{name}");
    }
    assert!(!constant.contains("Keeps animals"), "a comment");
}

fn compile(dir: &Path, files: &[&str], builder: Builder) -> Result<(), String> {
    let files: Vec<_> = files.iter().map(|file| dir.join(file)).collect();
    builder
        .compile_protos(&files, &[dir])
        .map_err(|error| error.to_string())
}

#[test]
fn checked_in_code_is_checked_and_tidied() {
    let dir = protos(ZOO);
    let gen_dir = dir.path().join("src/gen");
    compile(dir.path(), &FILES, configure().generate_to(&gen_dir)).unwrap();
    let check = || configure().generate_to(&gen_dir).check(true);
    compile(dir.path(), &FILES, check()).unwrap();

    fs::write(gen_dir.join("_.rs"), "changed by hand").unwrap();
    fs::write(gen_dir.join("own.rs"), "// not generated").unwrap();
    let said = compile(dir.path(), &FILES, check()).unwrap_err();
    assert!(said.contains("_.rs is not what is generated now"), "{said}");
    assert!(!said.contains("own.rs") && !said.contains("zoo"), "{said}");
    assert_eq!(
        fs::read_to_string(gen_dir.join("_.rs")).unwrap(),
        "changed by hand"
    );

    let said = compile(dir.path(), &["bare.proto"], check()).unwrap_err();
    assert!(said.contains("zoo.v1.rs is generated no more"), "{said}");
    compile(
        dir.path(),
        &["bare.proto"],
        configure().generate_to(&gen_dir),
    )
    .unwrap();
    assert!(!gen_dir.join("zoo.v1.rs").exists() && gen_dir.join("own.rs").exists());
    compile(dir.path(), &["bare.proto"], check()).unwrap();
}

#[test]
fn a_descriptor_set_is_as_good_as_the_files() {
    let dir = protos(ZOO);
    let (set, out, again) = (
        dir.path().join("set.binpb"),
        dir.path().join("out"),
        dir.path().join("again"),
    );
    let builder = configure().out_dir(&out).file_descriptor_set_path(&set);
    compile(dir.path(), &FILES, builder).unwrap();
    configure()
        .out_dir(&again)
        .compile_fds(fs::read(set).unwrap())
        .unwrap();
    for name in ["mod.rs", "_.rs", "zoo.v1.rs", "zoo.v1.animals.rs"] {
        assert_eq!(
            fs::read(out.join(name)).unwrap(),
            fs::read(again.join(name)).unwrap()
        );
    }

    let error = configure().out_dir(&out).compile_fds("no set").unwrap_err();
    assert!(error.to_string().contains("FileDescriptorSet"), "{error}");
}

#[test]
fn arguments_reach_protoc() {
    let dir = protos(ZOO);
    let builder = configure()
        .out_dir(dir.path())
        .protoc_arg("--no-such-argument");
    let said = compile(dir.path(), &FILES, builder).unwrap_err();
    assert!(said.contains("no-such-argument"), "{said}");
}
