//! Calls and streams without pause, while replicas come and go.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use grpcweb_runtime::client::RetryPolicy;
use grpcweb_runtime::{Channel, Code, Status};
use proxies::proto::probe::probe_client::ProbeClient;
use proxies::proto::probe::{EchoRequest, TickRequest};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::front::Front;
use crate::kinds::{KINDS, Kind};
use crate::site::Site;
use crate::{Fault, PATIENCE};

/// How many make unary calls without a pause, with a pause between them, and hold a stream; of each kind.
const BUSY: usize = 2;
const CALM: usize = 3;
const STREAMS: usize = 2;

/// How long the calm ones wait: what keeps connections that nobody uses for the moment.
const CALM_PAUSE: Duration = Duration::from_millis(40);

/// Between the items of a stream.
const INTERVAL: Duration = Duration::from_millis(20);

/// The most failures that are kept.
const KEPT: usize = 20;

pub(crate) struct Load {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
    tally: Arc<Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    counts: Mutex<Counts>,
    /// How many calls each replica has answered.
    answered: watch::Sender<HashMap<String, usize>>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Counts {
    pub(crate) calls: usize,
    pub(crate) calls_failed: usize,
    pub(crate) streams: usize,
    /// How many were told by their replica, or by the server in it, that it shuts down.
    pub(crate) streams_told: usize,
    /// How many ended in another way.
    pub(crate) streams_broken: usize,
    pub(crate) items: usize,
    pub(crate) failures: Vec<String>,
}

impl Counts {
    fn fail(&mut self, kind: &Kind, what: &str, status: &Status) {
        if self.failures.len() < KEPT {
            let (code, message) = (status.code(), status.message());
            self.failures
                .push(format!("{}: {what}: {code:?}: {message}", kind.name));
        }
    }

    pub(crate) fn failed(&self) -> usize {
        self.calls_failed + self.streams_broken
    }
}

impl Tally {
    fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Load {
    /// Starts it; each client has connections of its own, and calls again where `retry` says so.
    pub(crate) fn start(
        site: &Site,
        front: &Front,
        retry: Option<&RetryPolicy>,
    ) -> Result<Self, Fault> {
        let mut tasks = JoinSet::new();
        let (stop, stopped) = watch::channel(false);
        let tally = Arc::<Tally>::default();
        for kind in KINDS {
            for pause in [(BUSY, None), (CALM, Some(CALM_PAUSE))] {
                for _ in 0..pause.0 {
                    let (probe, tally) = (kind.client(site, front, retry)?, Arc::clone(&tally));
                    tasks.spawn(call(probe, kind, pause.1, tally, stopped.clone()));
                }
            }
            let probe = kind.client(site, front, retry)?;
            for _ in 0..STREAMS {
                let (probe, tally) = (probe.clone(), Arc::clone(&tally));
                tasks.spawn(hold(probe, kind, tally, stopped.clone()));
            }
        }
        Ok(Self { tasks, stop, tally })
    }

    /// Waits until each of these replicas has answered as many calls as `more` from now on.
    pub(crate) async fn answered_by(&self, replicas: &[&str], more: usize) -> Result<(), Fault> {
        let before = self.tally.answered.borrow().clone();
        let mut answered = self.tally.answered.subscribe();
        let of = |counts: &HashMap<String, usize>, name: &str| counts.get(name).copied();
        let all = answered.wait_for(|now| {
            replicas
                .iter()
                .all(|name| of(now, name).unwrap_or(0) >= of(&before, name).unwrap_or(0) + more)
        });
        match timeout(PATIENCE, all).await {
            Ok(_) => Ok(()),
            Err(_) => Err(format!("{replicas:?} were not called: {:?}", self.counts()).into()),
        }
    }

    /// How many calls a replica has answered.
    pub(crate) fn answers_of(&self, replica: &str) -> usize {
        let answered = self.tally.answered.borrow();
        answered.get(replica).copied().unwrap_or(0)
    }

    pub(crate) fn counts(&self) -> Counts {
        let counts = self.tally.counts.lock();
        counts.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets calls end that are being made, and gives up streams.
    pub(crate) async fn stop(mut self) -> Result<Counts, Fault> {
        self.stop.send_replace(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        timeout(PATIENCE, ended).await.map_err(|_| "calls hang")?;
        Ok(self.counts())
    }
}

/// Makes one call after the other.
async fn call(
    probe: ProbeClient<Channel>,
    kind: &'static Kind,
    pause: Option<Duration>,
    tally: Arc<Tally>,
    stopped: watch::Receiver<bool>,
) {
    let payload = Bytes::from_static(&[7; 100]);
    while !*stopped.borrow() {
        let result = probe.echo(EchoRequest {
            payload: payload.clone(),
        });
        match result.await {
            Ok(reply) => {
                tally.count(|counts| counts.calls += 1);
                let replica = reply.into_inner().replica;
                tally
                    .answered
                    .send_modify(|answered| *answered.entry(replica).or_default() += 1);
            }
            Err(status) => tally.count(|counts| {
                counts.calls += 1;
                counts.calls_failed += 1;
                counts.fail(kind, "call", &status);
            }),
        }
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
    }
}

/// Holds a stream, and begins another one when it ends.
async fn hold(
    probe: ProbeClient<Channel>,
    kind: &'static Kind,
    tally: Arc<Tally>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let ended = tokio::select! {
            ended = read(&probe, &tally) => ended,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        tally.count(|counts| {
            counts.streams += 1;
            let told = ["this replica shuts down", "the server is shutting down"];
            if ended.code() == Code::Unavailable && told.contains(&ended.message()) {
                counts.streams_told += 1;
            } else {
                counts.streams_broken += 1;
                counts.fail(kind, "stream", &ended);
            }
        });
    }
}

/// Reads a stream to its end.
async fn read(probe: &ProbeClient<Channel>, tally: &Tally) -> Status {
    let interval_ms = INTERVAL.as_millis().try_into().unwrap_or(u32::MAX);
    let items = async {
        let mut items = probe.tick(TickRequest { interval_ms }).await?.into_inner();
        while items.message().await?.is_some() {
            tally.count(|counts| counts.items += 1);
        }
        Err(Status::unknown("it ended by itself"))
    };
    items.await.unwrap_or_else(|status| status)
}
