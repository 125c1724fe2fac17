//! The reflection service, in both versions, over every transport.

use std::time::Duration;

use calls::described::shop::{OFFICE_SERVICE, SHOP_SERVICE};
use calls::proto::calls::NOTES_SERVICE;
use calls::proto::calls::notes_server::NotesServer;
use calls::reflection::grpc::reflection::v1::server_reflection_client::ServerReflectionClient as V1;
use calls::reflection::grpc::reflection::v1::server_reflection_request::MessageRequest as Asked;
use calls::reflection::grpc::reflection::v1::server_reflection_response::MessageResponse as Answer;
use calls::reflection::grpc::reflection::v1::{
    ExtensionRequest, ServerReflectionRequest, ServerReflectionResponse,
};
use calls::reflection::grpc::reflection::v1alpha::server_reflection_client::ServerReflectionClient as V1Alpha;
use calls::{AnyTransport, MyNotes, described, over_router, proto};
use futures_util::stream;
use grpcweb_runtime::client::Client;
use grpcweb_runtime::health::HealthReporter;
use grpcweb_runtime::reflection::{InvalidReflection, Reflection, ReflectionBuilder};
use grpcweb_runtime::{Channel, Code, Protocol, Router, ServerOptions, Status, Streaming};
use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);
const OWN: [&str; 2] = [
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

fn shop() -> Reflection {
    Reflection::from_descriptor_set(described::FILE_DESCRIPTOR_SET).unwrap()
}

fn notes() -> NotesServer<MyNotes> {
    NotesServer::new(MyNotes::default())
}

fn request(asked: Asked) -> ServerReflectionRequest {
    ServerReflectionRequest {
        host: "a host".into(),
        message_request: Some(asked),
    }
}

fn file(name: &str) -> Asked {
    Asked::FileByFilename(name.into())
}

fn symbol(name: &str) -> Asked {
    Asked::FileContainingSymbol(name.into())
}

fn extension(containing_type: &str, extension_number: i32) -> Asked {
    Asked::FileContainingExtension(ExtensionRequest {
        containing_type: containing_type.into(),
        extension_number,
    })
}

fn numbers(name: &str) -> Asked {
    Asked::AllExtensionNumbersOfType(name.into())
}

fn list() -> Asked {
    Asked::ListServices(String::new())
}

/// What a stream with these requests is answered with, over each transport and in each version alike.
async fn ask(router: Router, asked: impl IntoIterator<Item = Asked>) -> Vec<Answer> {
    let requests: Vec<_> = asked.into_iter().map(request).collect();
    let (_server, clients) = over_router(router).await;
    let mut all: Option<Vec<_>> = None;
    for (name, client) in clients {
        for alpha in [false, true] {
            let stream = converse(&client, alpha, Streaming::from_iter(requests.clone())).await;
            let mut stream = stream.unwrap();
            let mut answers = Vec::new();
            while let Some(response) = stream.message().await.unwrap() {
                let original = response.original_request.unwrap();
                assert_eq!(original, requests[answers.len()], "{name}");
                assert_eq!(response.valid_host, "a host", "{name}");
                answers.push(response.message_response.unwrap());
            }
            assert_eq!(answers.len(), requests.len(), "{name}");
            assert_eq!(all.get_or_insert(answers.clone()), &answers, "{name}");
        }
    }
    all.unwrap()
}

async fn converse(
    client: &Client<AnyTransport>,
    alpha: bool,
    requests: Streaming<ServerReflectionRequest>,
) -> Result<Streaming<ServerReflectionResponse>, Status> {
    let client = client.clone();
    let response = if alpha {
        V1Alpha::from(client).server_reflection_info(requests).await
    } else {
        V1::from(client).server_reflection_info(requests).await
    };
    Ok(response?.into_inner())
}

fn listed(answer: &Answer) -> Vec<&str> {
    match answer {
        Answer::ListServicesResponse(list) => list.service.iter().map(|it| &it.name[..]).collect(),
        other => panic!("{other:?}"),
    }
}

/// The files of an answer, as they were sent.
fn sent(answer: &Answer) -> &[Vec<u8>] {
    match answer {
        Answer::FileDescriptorResponse(files) => &files.file_descriptor_proto,
        other => panic!("{other:?}"),
    }
}

fn files(answer: &Answer) -> Vec<FileDescriptorProto> {
    let decode = |file: &Vec<u8>| FileDescriptorProto::decode(&file[..]).unwrap();
    sent(answer).iter().map(decode).collect()
}

fn names(answer: &Answer) -> Vec<String> {
    files(answer)
        .into_iter()
        .filter_map(|file| file.name)
        .collect()
}

fn is_not_found(answer: &Answer) -> bool {
    matches!(answer, Answer::ErrorResponse(error) if error.error_code == i32::from(Code::NotFound))
}

#[tokio::test]
async fn services_are_listed_that_the_router_has_whenever_they_were_added() {
    let reflection = Reflection::builder()
        .add_descriptor_set(described::FILE_DESCRIPTOR_SET)
        .add_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .build()
        .unwrap();
    let health = HealthReporter::new();
    let router = Router::new().add_service(notes());
    let router = router
        .with_reflection(reflection.clone())
        .add_service(health.service());
    let expected = ["calls.Notes", "grpc.health.v1.Health", OWN[0], OWN[1]];
    let answers = ask(router, [list()]).await;
    assert_eq!(listed(&answers[0]), expected);

    let reflecting = Router::new().with_reflection(reflection);
    let merged = Router::new()
        .add_service(notes())
        .merge(reflecting)
        .with_options(ServerOptions::new())
        .add_service(health.service());
    let answers = ask(merged, [list()]).await;
    assert_eq!(listed(&answers[0]), expected);

    let nothing = Router::new().with_reflection(shop());
    assert_eq!(listed(&ask(nothing, [list()]).await[0]), OWN);
}

#[tokio::test]
async fn a_service_of_another_part_of_the_application_can_be_listed() {
    let reflection = Reflection::builder()
        .add_descriptor_set(described::FILE_DESCRIPTOR_SET)
        .list(&SHOP_SERVICE)
        .hide(OWN[1])
        .build()
        .unwrap();
    let router = Router::new().with_reflection(reflection);
    assert_eq!(
        listed(&ask(router, [list()]).await[0]),
        [OWN[0], "shop.Shop"]
    );
}

#[test]
#[should_panic(expected = "added to the router twice")]
fn a_router_has_one_reflection() {
    let _ = Router::new()
        .with_reflection(shop())
        .with_reflection(shop());
}

#[tokio::test]
async fn everything_that_has_a_name_leads_to_its_file() {
    let expected = [
        ("shop.Shop", "described/shop.proto"),
        ("shop.Shop.Buy", "described/shop.proto"),
        ("shop.Order", "described/shop.proto"),
        ("shop.Order.lines", "described/shop.proto"),
        ("shop.Order.payment", "described/shop.proto"),
        ("shop.Order.card", "described/shop.proto"),
        ("shop.Order.Line", "described/shop.proto"),
        ("shop.Order.Line.weight", "described/shop.proto"),
        ("shop.Order.Line.Size", "described/shop.proto"),
        ("shop.Order.Line.SMALL", "described/shop.proto"),
        ("shop.Order.Line.Size.SMALL", "described/shop.proto"),
        ("shop.Season", "described/shop.proto"),
        ("shop.WINTER", "described/shop.proto"),
        ("shop.wishes", "described/shop.proto"),
        ("shop.Gift.gift", "described/shop.proto"),
        ("base.secret", "described/base.proto"),
        ("base.Till", "described/base.proto"),
        (
            "google.protobuf.FileOptions.OptimizeMode",
            "google/protobuf/descriptor.proto",
        ),
        ("grpc.health.v1.Health", "grpc/health/v1/health.proto"),
        (OWN[0], "grpc/reflection/v1/reflection.proto"),
        (OWN[1], "grpc/reflection/v1alpha/reflection.proto"),
    ];
    for (name, file) in expected {
        let answers = ask(Router::new().with_reflection(shop()), [symbol(name)]).await;
        assert_eq!(names(&answers[0])[0], file, "{name}");
    }
}

#[tokio::test]
async fn extensions_are_found_by_the_message_that_they_extend() {
    let asked = [
        numbers("shop.Order"),
        numbers("google.protobuf.FieldOptions"),
        numbers("shop.Gift"),
        extension("shop.Order", 100),
        extension("google.protobuf.FieldOptions", 50001),
    ];
    let answers = ask(Router::new().with_reflection(shop()), asked).await;
    let numbers: Vec<_> = answers[..3]
        .iter()
        .map(|answer| match answer {
            Answer::AllExtensionNumbersResponse(numbers) => {
                (&numbers.base_type_name[..], &numbers.extension_number[..])
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let expected: [(_, &[i32]); 3] = [
        ("shop.Order", &[100, 101]),
        ("google.protobuf.FieldOptions", &[50001]),
        ("shop.Gift", &[]),
    ];
    assert_eq!(numbers, expected);
    assert_eq!(names(&answers[3])[0], "described/shop.proto");
    assert_eq!(names(&answers[4])[0], "described/base.proto");
}

#[tokio::test]
async fn what_is_not_there_is_an_answer_after_which_the_stream_goes_on() {
    let asked = [
        file("nothing.proto"),
        symbol("shop"),
        symbol("shop.Nothing"),
        symbol(".shop.Shop"),
        symbol(""),
        extension("shop.Order", 1),
        extension("shop.Nothing", 100),
        numbers("shop.Nothing"),
        list(),
    ];
    let answers = ask(Router::new().with_reflection(shop()), asked).await;
    let (last, answers) = answers.split_last().unwrap();
    assert_eq!(listed(last), OWN);
    for answer in answers {
        assert!(is_not_found(answer), "{answer:?}");
    }
}

#[tokio::test]
async fn a_request_for_nothing_ends_the_stream() {
    let (_server, clients) = over_router(Router::new().with_reflection(shop())).await;
    for (name, client) in clients {
        let requests = [request(list()), ServerReflectionRequest::default()];
        let stream = converse(&client, false, Streaming::from_iter(requests)).await;
        let mut stream = stream.unwrap();
        assert!(stream.message().await.unwrap().is_some(), "{name}");
        let status = stream.message().await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{name}");
    }
}

#[tokio::test]
async fn a_file_comes_before_its_imports_and_they_come_once() {
    let asked = [
        file("described/units.proto"),
        file("described/shop.proto"),
        file("described/base.proto"),
    ];
    let answers = ask(Router::new().with_reflection(shop()), asked).await;
    assert_eq!(names(&answers[0]), ["described/units.proto"]);
    let imports = ["described/base.proto", "google/protobuf/descriptor.proto"];
    assert_eq!(names(&answers[1])[0], "described/shop.proto");
    assert_eq!(names(&answers[1])[1..], imports);
    assert_eq!(names(&answers[2]), imports[..1]);
}

/// With the custom options that decoding into `prost_types` would lose.
#[tokio::test]
async fn files_are_sent_as_they_were_encoded() {
    let answers = ask(
        Router::new().with_reflection(shop()),
        [file("described/shop.proto")],
    )
    .await;
    let file = &sent(&answers[0])[0];
    let set = described::FILE_DESCRIPTOR_SET;
    assert!(set.windows(file.len()).any(|window| window == file));
    assert_ne!(&files(&answers[0])[0].encode_to_vec(), file);
}

#[tokio::test]
async fn a_hidden_service_is_nowhere_and_the_rest_of_its_file_is() {
    let reflection = Reflection::builder()
        .add_descriptor_set(described::FILE_DESCRIPTOR_SET)
        .add_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .hide(&OFFICE_SERVICE)
        .hide(&notes())
        .build()
        .unwrap();
    let router = Router::new()
        .add_service(notes())
        .with_reflection(reflection);
    let asked = [
        symbol("shop.Office"),
        symbol("shop.Office.Fire"),
        symbol("calls.Notes"),
        symbol("shop.Shop.Buy"),
        symbol("calls.Note"),
        list(),
    ];
    let answers = ask(router, asked).await;
    for answer in &answers[..3] {
        assert!(is_not_found(answer), "{answer:?}");
    }
    let shop = &files(&answers[3])[0];
    let services: Vec<_> = shop.service.iter().map(|service| service.name()).collect();
    assert_eq!(services, ["Shop"]);
    assert_eq!(shop.message_type.len(), 2);
    let encoded = &sent(&answers[3])[0];
    assert!(!encoded.windows(6).any(|window| window == b"Office"));
    let notes = &files(&answers[4])[0];
    assert!(notes.service.is_empty() && !notes.message_type.is_empty());
    assert_eq!(listed(&answers[5]), OWN);
}

/// Requests that are sent one by one.
fn one_by_one() -> (mpsc::Sender<Asked>, Streaming<ServerReflectionRequest>) {
    let (ask, mut asked) = mpsc::channel(1);
    let requests = stream::poll_fn(move |cx| {
        let next = asked.poll_recv(cx);
        next.map(|next| next.map(|asked| Ok(request(asked))))
    });
    (ask, Streaming::from_stream(requests))
}

async fn next(stream: &mut Streaming<ServerReflectionResponse>) -> Option<Answer> {
    let message = timeout(PATIENCE, stream.message()).await.unwrap().unwrap();
    message.and_then(|response| response.message_response)
}

#[tokio::test]
async fn an_answer_comes_before_the_next_request_where_the_transport_can() {
    let (_server, clients) = over_router(Router::new().with_reflection(shop())).await;
    for (name, client) in clients {
        if !name.contains("gRPC") {
            continue;
        }
        let (ask, requests) = one_by_one();
        ask.send(list()).await.unwrap();
        let mut stream = converse(&client, false, requests).await.unwrap();
        for _ in 0..3 {
            assert_eq!(listed(&next(&mut stream).await.unwrap()), OWN, "{name}");
            ask.send(list()).await.unwrap();
        }
        drop(ask);
        assert!(next(&mut stream).await.is_some(), "{name}");
        assert_eq!(next(&mut stream).await, None, "{name}");
    }
}

#[tokio::test]
async fn a_server_that_shuts_down_does_not_wait_for_a_tool_that_says_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = Router::new().with_reflection(shop());
    let server = grpcweb_runtime::serve(listener, router).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let server = tokio::spawn(server.into_future());
    let channel = Channel::builder().http2_prior_knowledge();
    let channel = channel.build(&format!("http://{address}")).unwrap();
    let client = Client::new(AnyTransport::Channel(Box::new(channel))).protocol(Protocol::Grpc);
    let (ask, requests) = one_by_one();
    ask.send(list()).await.unwrap();
    let mut stream = converse(&client, false, requests).await.unwrap();
    assert!(next(&mut stream).await.is_some());
    stop.send(()).unwrap();
    assert_eq!(next(&mut stream).await, None);
    timeout(PATIENCE, server).await.unwrap().unwrap().unwrap();
}

fn set(files: impl IntoIterator<Item = FileDescriptorProto>) -> Vec<u8> {
    let file = files.into_iter().collect();
    FileDescriptorSet { file }.encode_to_vec()
}

fn named(name: &str, package: &str) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some(name.into()),
        package: Some(package.into()),
        message_type: vec![prost_types::DescriptorProto {
            name: Some("M".into()),
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn built(sets: impl IntoIterator<Item = Vec<u8>>) -> Result<Reflection, InvalidReflection> {
    let builder = Reflection::builder();
    let builder = sets
        .into_iter()
        .fold(builder, |builder, set| builder.add_descriptor_set(set));
    builder.build()
}

#[test]
fn sets_may_have_files_in_common_and_differ_in_their_comments() {
    let commented = FileDescriptorProto {
        source_code_info: Some(prost_types::SourceCodeInfo::default()),
        ..named("a.proto", "a")
    };
    let importing = FileDescriptorProto {
        dependency: vec!["a.proto".into()],
        ..named("b.proto", "b")
    };
    let sets = [
        set([importing, named("a.proto", "a")]),
        set([commented]),
        described::FILE_DESCRIPTOR_SET.to_vec(),
        described::FILE_DESCRIPTOR_SET.to_vec(),
    ];
    built(sets).unwrap();
}

/// A program may have been compiled with a copy of what comes with the runtime.
#[tokio::test]
async fn a_file_of_the_users_goes_before_one_of_ours() {
    let health = FileDescriptorProto {
        service: vec![prost_types::ServiceDescriptorProto {
            name: Some("Health".into()),
            ..Default::default()
        }],
        ..named("elsewhere/health.proto", "grpc.health.v1")
    };
    let router = Router::new().with_reflection(built([set([health])]).unwrap());
    let answers = ask(router, [symbol("grpc.health.v1.Health")]).await;
    assert_eq!(names(&answers[0]), ["elsewhere/health.proto"]);
}

#[test]
fn a_mistake_is_an_error_that_says_what_to_do() {
    let other = FileDescriptorProto {
        package: Some("other".into()),
        ..named("a.proto", "a")
    };
    let importing = FileDescriptorProto {
        dependency: vec!["missing.proto".into()],
        ..named("b.proto", "b")
    };
    let truncated = &described::FILE_DESCRIPTOR_SET[..1000];
    let good = || set([named("a.proto", "a")]);
    let hide = Reflection::builder()
        .hide("shop.Offce")
        .add_descriptor_set(described::FILE_DESCRIPTOR_SET);
    let list = Reflection::builder()
        .list(&NOTES_SERVICE)
        .add_descriptor_set(described::FILE_DESCRIPTOR_SET);
    let mistakes: [(_, &[&str]); 9] = [
        (
            built([vec![]]),
            &[
                "descriptor set 1",
                "file_descriptor_set",
                "--include_imports",
            ],
        ),
        (built([good(), vec![0xff]]), &["descriptor set 2"]),
        (built([good(), truncated.to_vec()]), &["descriptor set 2"]),
        (
            built([named("a.proto", "a").encode_to_vec()]),
            &["descriptor set 1"],
        ),
        (
            built([good(), set([other])]),
            &["a.proto", "different", "same sources"],
        ),
        (
            built([good(), set([named("x/a.proto", "a")])]),
            &["a.M", "a.proto", "x/a.proto", "include path"],
        ),
        (
            built([set([importing])]),
            &["b.proto", "missing.proto", "--include_imports"],
        ),
        (hide.build(), &["shop.Offce", "shop.Office"]),
        (list.build(), &["calls.Notes"]),
    ];
    for (result, parts) in mistakes {
        let error = result.unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{part:?} is not in {error:?}");
        }
    }
}

#[tokio::test]
async fn an_error_does_not_repeat_a_name() {
    let router = Router::new().with_reflection(shop());
    let hostile = "\u{1}".repeat(1000);
    let asked = [
        file(&hostile),
        symbol(&hostile),
        extension(&hostile, 1),
        numbers(&hostile),
    ];
    for answer in ask(router, asked).await {
        assert!(is_not_found(&answer), "{answer:?}");
        let Answer::ErrorResponse(error) = answer else {
            unreachable!()
        };
        assert!(error.error_message.len() < 100, "{error:?}");
    }
}

#[tokio::test]
async fn what_is_no_message_has_no_extensions() {
    let router = Router::new().with_reflection(shop());
    for answer in ask(router, [numbers("shop.Shop"), numbers(OWN[0])]).await {
        assert!(is_not_found(&answer), "{answer:?}");
    }
}

#[tokio::test]
async fn requests_are_short_and_streams_long_however_the_builder_was_made() {
    for builder in [
        Reflection::builder(),
        ReflectionBuilder::default(),
        Reflection::builder().with_options(ServerOptions::new()),
    ] {
        let reflection = builder
            .add_descriptor_set(described::FILE_DESCRIPTOR_SET)
            .build()
            .unwrap();
        let options = ServerOptions::new().timeout(Duration::ZERO);
        let router = Router::new().with_options(options);
        let (_server, clients) = over_router(router.with_reflection(reflection)).await;
        for (name, client) in clients {
            for (length, code) in [(60_000, None), (70_000, Some(Code::ResourceExhausted))] {
                let requests = [request(symbol(&"a".repeat(length)))];
                let stream = converse(&client, false, Streaming::from_iter(requests)).await;
                let answer = match stream {
                    Ok(mut stream) => stream.message().await.map(drop),
                    Err(status) => Err(status),
                };
                let failed = answer.err().map(|status| status.code());
                assert_eq!(failed, code, "{name}");
            }
        }
    }
}
