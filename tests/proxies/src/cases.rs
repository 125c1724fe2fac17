//! What has to work through a proxy as it does without one.

use std::fmt::Debug;
use std::net::{IpAddr, UdpSocket};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use grpcweb_runtime::error_details::DebugInfo;
use grpcweb_runtime::{Channel, Code, Request, Streaming};
use proxies::proto::probe::probe_client::ProbeClient;
use proxies::proto::probe::{EchoRequest, FailRequest, Item, Progress, Topic};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::{Fault, PATIENCE};

type Outcome = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) run: fn(ProbeClient<Channel>) -> Outcome,
}

macro_rules! cases {
    ($($name:ident,)*) => {
        pub(crate) const CASES: &[Case] = &[
            $(Case { name: stringify!($name), run: |probe| $name(probe).boxed() },)*
        ];
    };
}

cases! {
    unary,
    client_address,
    head_of_a_stream_arrives_before_its_first_message,
    each_message_of_a_server_stream_arrives_before_the_next_is_made,
    each_message_of_a_client_stream_arrives_before_the_next_is_sent,
    half_duplex,
    full_duplex,
    errors_with_details,
    errors_with_large_details,
    large_messages,
    deadline_is_handed_on,
    deadline_ends_a_call,
    a_dropped_call_ends_on_the_server,
    a_dropped_server_stream_ends_on_the_server,
    a_dropped_client_stream_ends_on_the_server,
}

async fn unary(probe: ProbeClient<Channel>) -> Result<(), Fault> {
    let payload = Bytes::from_static(b"hello");
    let reply = probe
        .echo(EchoRequest {
            payload: payload.clone(),
        })
        .await?;
    equal(&reply.get_ref().payload, &payload)
}

/// The server learns where the call comes from, whatever the client says of itself.
async fn client_address(probe: ProbeClient<Channel>) -> Result<(), Fault> {
    let mut request = Request::new(EchoRequest::default());
    request
        .metadata_mut()
        .insert("x-forwarded-for", "203.0.113.7")?;
    let reply = probe.echo(request).await?.into_inner();
    let ip: IpAddr = reply.client_ip.parse()?;
    // Envoy puts another address of this machine in the place of a loopback one.
    UdpSocket::bind((ip, 0)).map_err(|error| format!("{ip} is not of this machine: {error}"))?;
    Ok(())
}

/// The head of a response is there before any message is made.
async fn head_of_a_stream_arrives_before_its_first_message(
    probe: ProbeClient<Channel>,
) -> Result<(), Fault> {
    let topic = topic();
    let mut feed = probe.feed(topic.clone()).await?.into_inner();
    probe.release(topic.clone()).await?;
    equal(&feed.message().await?.map(|item| item.number), &Some(0))
}

async fn each_message_of_a_server_stream_arrives_before_the_next_is_made(
    probe: ProbeClient<Channel>,
) -> Result<(), Fault> {
    let topic = topic();
    let feed = tokio::spawn(probe.clone().feed(topic.clone()));
    probe.release(topic.clone()).await?;
    let mut feed = feed.await??.into_inner();
    equal(&feed.message().await?.map(|item| item.number), &Some(0))?;
    for number in 1..topic.items {
        probe.release(topic.clone()).await?;
        let item = feed.message().await?.map(|item| item.number);
        equal(&item, &Some(number))?;
    }
    equal(&feed.message().await?, &None)?;
    let ending = probe.ended(topic).await?.into_inner();
    equal(&ending.by_itself, &true)
}

async fn each_message_of_a_client_stream_arrives_before_the_next_is_sent(
    probe: ProbeClient<Channel>,
) -> Result<(), Fault> {
    let topic = topic();
    let (sender, items) = items();
    let collected = tokio::spawn(probe.clone().collect(items));
    for number in 0..topic.items {
        sender.send(item(&topic, number)).await?;
        let topic = topic.name.clone();
        let items = number + 1;
        probe.seen(Progress { topic, items }).await?;
    }
    drop(sender);
    let total = collected.await??.into_inner();
    equal(&total, &item(&topic, topic.items))
}

async fn half_duplex(probe: ProbeClient<Channel>) -> Result<(), Fault> {
    let topic = topic();
    let all = (0..topic.items).map(|number| item(&topic, number));
    let all = all.collect::<Vec<_>>();
    let sent = Streaming::from_iter(all.clone());
    let mut replies = probe.chat(sent).await?.into_inner();
    for item in all {
        equal(&replies.message().await?, &Some(item))?;
    }
    equal(&replies.message().await?, &None)
}

async fn full_duplex(probe: ProbeClient<Channel>) -> Result<(), Fault> {
    let topic = topic();
    let (sender, items) = items();
    let replies = tokio::spawn(probe.chat(items));
    sender.send(item(&topic, 0)).await?;
    let mut replies = replies.await??.into_inner();
    equal(&replies.message().await?, &Some(item(&topic, 0)))?;
    for number in 1..topic.items {
        let item = item(&topic, number);
        sender.send(item.clone()).await?;
        equal(&replies.message().await?, &Some(item))?;
    }
    drop(sender);
    equal(&replies.message().await?, &None)
}

async fn errors_with_details(probe: ProbeClient<Channel>) -> Result<(), Fault> {
    error_with_details(&probe, 100).await
}

/// Longer than a buffer of nginx is unless told, with the rest of the trailers and in base64.
async fn errors_with_large_details(probe: ProbeClient<Channel>) -> Result<(), Fault> {
    error_with_details(&probe, 6000).await
}

async fn error_with_details(probe: &ProbeClient<Channel>, size: u32) -> Result<(), Fault> {
    let request = FailRequest { details_size: size };
    let Err(status) = probe.fail(request).await else {
        return Err("the call did not fail".into());
    };
    equal(&status.code(), &Code::FailedPrecondition)?;
    equal(&status.message(), &"schön wär's, 100 %")?;
    let detail = status.detail::<DebugInfo>().ok_or("no details")?;
    equal(&detail.detail.len(), &(size as usize))
}

async fn large_messages(probe: ProbeClient<Channel>) -> Result<(), Fault> {
    let payload = Bytes::from(vec![7; 3 * 1024 * 1024 + 512 * 1024]);
    let reply = probe
        .echo(EchoRequest {
            payload: payload.clone(),
        })
        .await?;
    if reply.get_ref().payload != payload {
        return Err("another payload came back".into());
    }
    Ok(())
}

async fn deadline_is_handed_on(probe: ProbeClient<Channel>) -> Result<(), Fault> {
    let request = Request::new(EchoRequest::default()).with_timeout(Duration::from_secs(60));
    let remaining = probe.echo(request).await?.into_inner().remaining_ms;
    if (1..=60_000).contains(&remaining) {
        Ok(())
    } else {
        Err(format!("{remaining} ms are left of 60 s").into())
    }
}

async fn deadline_ends_a_call(probe: ProbeClient<Channel>) -> Result<(), Fault> {
    let topic = topic();
    let request = Request::new(topic.clone()).with_timeout(Duration::from_millis(300));
    let Err(status) = probe.hang(request).await else {
        return Err("the call did not fail".into());
    };
    equal(&status.code(), &Code::DeadlineExceeded)
}

async fn a_dropped_call_ends_on_the_server(probe: ProbeClient<Channel>) -> Result<(), Fault> {
    let topic = topic();
    let call = tokio::spawn(probe.clone().hang(topic.clone()));
    probe.seen(seen_one(&topic)).await?;
    call.abort();
    let ending = probe.ended(topic).await?.into_inner();
    equal(&ending.by_itself, &false)
}

async fn a_dropped_server_stream_ends_on_the_server(
    probe: ProbeClient<Channel>,
) -> Result<(), Fault> {
    let topic = topic();
    let feed = tokio::spawn(probe.clone().feed(topic.clone()));
    probe.release(topic.clone()).await?;
    let mut feed = feed.await??.into_inner();
    equal(&feed.message().await?.map(|item| item.number), &Some(0))?;
    drop(feed);
    let ending = probe.ended(topic).await?.into_inner();
    equal(&ending.by_itself, &false)
}

async fn a_dropped_client_stream_ends_on_the_server(
    probe: ProbeClient<Channel>,
) -> Result<(), Fault> {
    let topic = topic();
    let (sender, items) = items();
    let call = tokio::spawn(probe.clone().collect(items));
    sender.send(item(&topic, 0)).await?;
    probe.seen(seen_one(&topic)).await?;
    call.abort();
    let ending = probe.ended(topic).await?.into_inner();
    equal(&ending.by_itself, &false)
}

/// A topic that no other call has, with three items.
fn topic() -> Topic {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    Topic {
        name: format!("topic {number}"),
        items: 3,
    }
}

fn item(topic: &Topic, number: u64) -> Item {
    Item {
        topic: topic.name.clone(),
        number,
    }
}

fn seen_one(topic: &Topic) -> Progress {
    Progress {
        topic: topic.name.clone(),
        items: 1,
    }
}

/// A stream of what is sent.
fn items() -> (mpsc::Sender<Item>, Streaming<Item>) {
    let (sender, receiver) = mpsc::channel(1);
    let items = futures_util::stream::unfold(receiver, |mut receiver| async {
        let item = receiver.recv().await?;
        Some((Ok(item), receiver))
    });
    (sender, Streaming::from_stream(items))
}

fn equal<T: PartialEq + Debug>(left: &T, right: &T) -> Result<(), Fault> {
    if left == right {
        Ok(())
    } else {
        Err(format!("{left:?}, and not {right:?}").into())
    }
}

/// Runs a case, which may not take for ever.
pub(crate) async fn run(case: &Case, probe: ProbeClient<Channel>) -> Result<(), Fault> {
    match timeout(PATIENCE, (case.run)(probe)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(format!("hung for {PATIENCE:?}").into()),
    }
}
