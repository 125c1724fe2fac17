//! A service that is handed views.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use grpcweb_runtime::client::Client;
use grpcweb_runtime::view::{Encoded, HasView, MessageView};
use grpcweb_runtime::{
    Body, CompressionEncoding, Request, Response, ServerOptions, Status, Streaming,
};
use http_body_util::{BodyExt as _, Full};
use prost::Message as _;
use views::proto::rich::rich::Choice;
use views::proto::rich::taker_client::TakerClient;
use views::proto::rich::taker_server::{Taker, TakerServer};
use views::proto::rich::{Leaf, Numbers, NumbersView, Point, Rich, RichView, Seen};

#[derive(Default)]
struct Mine {
    calls: AtomicUsize,
}

fn seen(view: &RichView<'_>) -> Seen {
    Seen {
        text: view.texts.join(" "),
        rich: Some(view.to_owned_message()),
    }
}

impl Taker for Mine {
    async fn take(&self, request: Request<RichView<'_>>) -> Result<Response<Seen>, Status> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        // What it borrows from is there for as long as the handler is.
        tokio::task::yield_now().await;
        Ok(Response::new(seen(request.get_ref())))
    }

    async fn take_and_stream(
        &self,
        request: Request<RichView<'_>>,
    ) -> Result<Response<Streaming<Seen>>, Status> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let view = request.get_ref();
        let each: Vec<_> = view
            .texts
            .iter()
            .map(|text| Seen {
                text: (*text).to_owned(),
                rich: None,
            })
            .collect();
        Ok(Response::new(Streaming::from_iter(each)))
    }

    async fn take_stream(
        &self,
        request: Request<Streaming<Encoded<Rich>>>,
    ) -> Result<Response<Seen>, Status> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let mut messages = request.into_inner();
        let mut all = Seen::default();
        while let Some(message) = messages.message().await? {
            all.text.push_str(message.view().text);
        }
        Ok(Response::new(all))
    }

    async fn take_and_give(
        &self,
        request: Request<Streaming<Encoded<Rich>>>,
    ) -> Result<Response<Streaming<Seen>>, Status> {
        let mut messages = request.into_inner();
        let mut all = Vec::new();
        while let Some(message) = messages.message().await? {
            all.push(seen(&message.view()));
        }
        Ok(Response::new(Streaming::from_iter(all)))
    }

    async fn take_numbers(&self, request: Request<NumbersView>) -> Result<Response<Seen>, Status> {
        let sum: i32 = request.get_ref().b.iter().sum();
        Ok(Response::new(Seen {
            text: sum.to_string(),
            rich: None,
        }))
    }

    async fn take_nothing(&self, _: Request<()>) -> Result<Response<Seen>, Status> {
        Ok(Response::new(Seen::default()))
    }
}

fn message() -> Rich {
    Rich {
        text: "text".into(),
        texts: vec!["one".into(), "zwölf".into()],
        leaf: Some(Leaf {
            text: "leaf".into(),
            ..Leaf::default()
        }),
        text_by_text: [("key".to_owned(), "value".to_owned())].into(),
        choice: Some(Choice::ARich(Box::new(Rich {
            blob: "blob".into(),
            ..Rich::default()
        }))),
        r#type: "type".into(),
        ..Rich::default()
    }
}

#[tokio::test]
async fn a_handler_sees_what_a_client_sent() {
    let client = TakerClient::new(TakerServer::new(Mine::default()));
    let seen = client.take(message()).await.unwrap().into_inner();
    assert_eq!(seen.text, "one zwölf");
    assert_eq!(seen.rich, Some(message()));

    let mut stream = client
        .take_and_stream(message())
        .await
        .unwrap()
        .into_inner();
    for text in ["one", "zwölf"] {
        assert_eq!(stream.message().await.unwrap().unwrap().text, text);
    }
    assert_eq!(stream.message().await.unwrap(), None);

    let numbers = Numbers {
        b: vec![1, 2, 3],
        point: Some(Point { x: 1.0, y: 2.0 }),
        ..Numbers::default()
    };
    let seen = client.take_numbers(numbers).await.unwrap();
    assert_eq!(seen.get_ref().text, "6");
    client.take_nothing(()).await.unwrap();
}

#[tokio::test]
async fn a_handler_sees_a_stream_of_what_a_client_sent() {
    let client = TakerClient::new(TakerServer::new(Mine::default()));
    let messages = || Streaming::from_iter([message(), Rich::default(), message()]);
    let seen = client.take_stream(messages()).await.unwrap();
    assert_eq!(seen.get_ref().text, "texttext");

    let mut stream = client.take_and_give(messages()).await.unwrap().into_inner();
    for sent in [message(), Rich::default(), message()] {
        let seen = stream.message().await.unwrap().unwrap();
        assert_eq!(seen.rich, Some(sent));
    }
}

#[tokio::test]
async fn a_view_is_made_of_a_compressed_message() {
    let server = TakerServer::new(Mine::default())
        .with_options(ServerOptions::new().accept_compressed(CompressionEncoding::Gzip));
    let client = Client::new(server).send_compressed(CompressionEncoding::Gzip);
    let large = Rich {
        texts: vec!["abc".into(); 5000],
        ..Rich::default()
    };
    let seen = TakerClient::from(client).take(large.clone()).await.unwrap();
    assert_eq!(seen.into_inner().rich, Some(large));
}

/// The body of the response to a message of these bytes.
async fn answer(service: &Arc<Mine>, method: &str, message: &[u8]) -> String {
    let len = u32::try_from(message.len()).unwrap();
    let body = [&[0], &len.to_be_bytes()[..], message].concat();
    let request = http::Request::post(format!("/rich.Taker/{method}"))
        .header("content-type", "application/grpc-web+proto")
        .body(Body::new(Full::<bytes::Bytes>::from(body)))
        .unwrap();
    let mut server = TakerServer::from_arc(Arc::clone(service));
    let response = tower_service::Service::call(&mut server, request)
        .await
        .unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8_lossy(&body).into_owned()
}

#[tokio::test]
async fn a_message_that_is_malformed_is_refused_before_the_handler_runs() {
    let service = Arc::new(Mine::default());
    for malformed in [
        // Cut off; a string that is no text; an int32 that is a string; a group that ends nowhere.
        &b"\x72\x05abc"[..],
        b"\x72\x01\xff",
        b"\x1a\x01a",
        b"\x4b",
        // In a nested message, and in a map.
        b"\xca\x02\x03\x0a\x01\xff",
        b"\x9a\x03\x03\x0a\x01\xff",
    ] {
        let error = Rich::decode(malformed).unwrap_err();
        for method in ["Take", "TakeAndStream"] {
            let body = answer(&service, method, malformed).await;
            assert!(body.contains("grpc-status:3\r\n"), "{body}");
            let said = format!("the request message cannot be decoded: {error}");
            assert!(body.contains(&said), "{body}\n{said}");
        }
        assert_eq!(service.calls.load(Ordering::Relaxed), 0);
        // One that takes a stream is told when it asks for the message.
        let body = answer(&service, "TakeStream", malformed).await;
        assert!(body.contains("grpc-status:3\r\n"), "{body}");
        service.calls.store(0, Ordering::Relaxed);
    }
    let body = answer(&service, "Take", &message().encode_to_vec()).await;
    assert!(body.contains("grpc-status:0\r\n"), "{body}");
    assert_eq!(service.calls.load(Ordering::Relaxed), 1);
}

#[test]
fn defaults_are_those_of_prost() {
    use views::proto::legacy::{Legacy, LegacyView, Level};
    let view = LegacyView::default();
    assert_eq!(view.to_owned_message(), Legacy::default());
    let message = Legacy::default();
    assert_eq!(view.number(), message.number());
    assert_eq!(view.real(), message.real());
    assert_eq!(view.level(), Level::High);
    assert_eq!(view.needed_level(), Level::Low);
    assert_eq!(view.text(), message.text());
    assert_eq!(view.blob(), message.blob());
    assert_eq!(view.flag(), message.flag());
    assert_eq!(view.wide(), message.wide());
    assert_eq!(view.most(), message.most());
    assert_eq!(view.least(), message.least());
}

#[test]
fn an_enum_of_a_number_that_it_does_not_have_is_what_prost_says() {
    use views::proto::legacy::{Legacy, Level};
    for number in [0, 3, 4, 99] {
        let message = Legacy {
            level: Some(number),
            needed_level: number,
            ..Legacy::default()
        };
        let bytes = message.encode_to_vec();
        let view = <Legacy as HasView>::View::decode(&bytes).unwrap();
        assert_eq!(view.level(), message.level());
        assert_eq!(view.needed_level(), message.needed_level());
        assert_eq!(view.needed_high(), message.needed_high());
        let message = Rich {
            color: number,
            some_color: Some(number),
            ..Rich::default()
        };
        let bytes = message.encode_to_vec();
        let view = RichView::decode(&bytes).unwrap();
        assert_eq!(view.color(), message.color());
        assert_eq!(view.some_color(), message.some_color());
        if number == 99 {
            assert_eq!(Level::try_from(number).ok(), None);
        }
    }
}

/// Only a field that holds one message needs a `Box`.
#[test]
fn many_of_a_message_in_itself_lie_side_by_side() {
    let bytes = Rich {
        children: vec![Rich::default()],
        rich_by_int: [(1, Rich::default())].into(),
        ..Rich::default()
    }
    .encode_to_vec();
    let view = RichView::decode(&bytes).unwrap();
    let children: &[RichView<'_>] = &view.children;
    assert_eq!(children, [RichView::default()]);
    let by_int: Option<&RichView<'_>> = view.rich_by_int.get(&1);
    assert_eq!(by_int, Some(&RichView::default()));
}

#[test]
fn what_is_too_deep_to_be_read_cannot_be_encoded() {
    let deep = |times| {
        (0..times).fold(message(), |inner, _| Rich {
            child: Some(Box::new(inner)),
            ..Rich::default()
        })
    };
    // There is a message in the message already, and one in that.
    let encoded = Encoded::encode(&deep(90)).unwrap();
    assert_eq!(encoded.view().to_owned_message(), deep(90));
    let refused = Encoded::encode(&deep(101)).unwrap_err();
    let bytes = deep(101).encode_to_vec();
    assert_eq!(
        refused.to_string(),
        Rich::decode(&bytes[..]).unwrap_err().to_string()
    );
}

#[test]
fn what_was_encoded_here_has_a_view() {
    let encoded = Encoded::encode(&message()).unwrap();
    assert_eq!(encoded.view().to_owned_message(), message());
    assert_eq!(encoded.clone().view(), encoded.view());
    let refused = Encoded::<Rich>::new(bytes::Bytes::from_static(b"\x0a")).unwrap_err();
    assert_eq!(
        refused.to_string(),
        Rich::decode(&b"\x0a"[..]).unwrap_err().to_string()
    );
}

/// A view that is there says that one was asked for, and of what it is in.
#[test]
fn what_is_in_a_message_with_a_view_has_one_too() {
    fn has_view<M: HasView>() {}
    has_view::<views::proto::rich::rich::InnerView>();
    has_view::<views::proto::rich::LeafView>();
    has_view::<views::proto::legacy::Part>();
    has_view::<views::proto::bare::Inner>();
}
