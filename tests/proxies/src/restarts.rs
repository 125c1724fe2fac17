//! Replicas that come and go under load.

use std::time::Duration;

use grpcweb_runtime::client::RetryPolicy;

use crate::front::{Front, Without};
use crate::load::{Counts, Load};
use crate::replicas::Replicas;
use crate::site::Site;
use crate::{Fault, PATIENCE};

const REPLICAS: u16 = 3;

/// How many calls each replica has to answer between one change and the next.
const ANSWERS: usize = 20;

/// Restarts each replica in turn, as often as `rounds`.
pub(crate) async fn rolling(
    proxy: &str,
    without: &Without,
    rounds: usize,
) -> Result<Counts, Fault> {
    let site = Site::new()?;
    let mut replicas = Replicas::start(&site, REPLICAS, Duration::ZERO).await?;
    let front = Front::start(proxy, &site, &replicas.addresses(), without).await?;
    let load = Load::start(&site, &front, None)?;
    let all = 0..usize::from(REPLICAS);
    for _ in 0..rounds {
        for index in all.clone() {
            let names = all.clone().map(|index| replicas.name(index));
            load.answered_by(&names.collect::<Vec<_>>(), ANSWERS)
                .await?;
            replicas.end_one(index).await?;
            replicas.start_one(index).await?;
        }
    }
    let names = all.map(|index| replicas.name(index));
    load.answered_by(&names.collect::<Vec<_>>(), ANSWERS)
        .await?;
    let counts = load.stop().await?;
    if counts.failed() > 0 {
        eprintln!("{}", front.log());
    }
    front.end().await?;
    replicas.end().await?;
    Ok(counts)
}

/// Takes a replica out of the proxy's list and ends it, and puts it back, as often as `rounds`.
pub(crate) async fn replaced(
    proxy: &str,
    without: &Without,
    rounds: usize,
) -> Result<Counts, Fault> {
    let site = Site::new()?;
    let mut replicas = Replicas::start(&site, REPLICAS, Duration::ZERO).await?;
    let addresses = replicas.addresses();
    let mut front = Front::start(proxy, &site, &addresses, without).await?;
    let retry = front.drops_clients().then(|| {
        RetryPolicy::new()
            .assume_idempotent()
            .budget(u32::MAX / 100)
    });
    let load = Load::start(&site, &front, retry.as_ref())?;
    for round in 0..rounds {
        let names = (0..addresses.len()).map(|index| replicas.name(index));
        load.answered_by(&names.collect::<Vec<_>>(), ANSWERS)
            .await?;
        let index = round % addresses.len();
        let others = (0..addresses.len()).filter(|&other| other != index);
        let others = others.map(|other| addresses[other]).collect::<Vec<_>>();
        front.send_to(&site, &others).await?;
        replicas.end_one(index).await?;
        replicas.start_one(index).await?;
        front.send_to(&site, &addresses).await?;
    }
    let names = (0..addresses.len()).map(|index| replicas.name(index));
    load.answered_by(&names.collect::<Vec<_>>(), ANSWERS)
        .await?;
    let counts = load.stop().await?;
    if counts.failed() > 0 {
        eprintln!("{}", front.log());
    }
    front.end().await?;
    replicas.end().await?;
    Ok(counts)
}

/// Asks each replica to end in turn, which goes on taking calls until nobody makes any: the proxy has to see by
/// itself that it does not serve.
pub(crate) async fn drained(proxy: &str, without: &Without) -> Result<Counts, Fault> {
    let site = Site::new()?;
    // Cut short by what is waited for.
    let mut replicas = Replicas::start(&site, REPLICAS, 10 * PATIENCE).await?;
    let addresses = replicas.addresses();
    let front = Front::start(proxy, &site, &addresses, without).await?;
    let load = Load::start(&site, &front, None)?;
    for index in 0..addresses.len() {
        let names = (0..addresses.len()).map(|index| replicas.name(index));
        load.answered_by(&names.collect::<Vec<_>>(), ANSWERS)
            .await?;
        let drained = replicas.name(index).to_owned();
        let others = (0..addresses.len()).filter(|&other| other != index);
        let others = others.map(|other| replicas.name(other)).collect::<Vec<_>>();
        replicas.drain(index)?;
        front.sees_unhealthy(&site, addresses[index]).await?;
        // What was on its way has been answered then.
        load.answered_by(&others, ANSWERS).await?;
        let before = load.answers_of(&drained);
        load.answered_by(&others, 5 * ANSWERS).await?;
        let after = load.answers_of(&drained);
        if before != after {
            return Err(format!("{drained} was called {} times more", after - before).into());
        }
        replicas.hurry(index)?;
        replicas.end_one(index).await?;
        replicas.start_one(index).await?;
    }
    let counts = load.stop().await?;
    if counts.failed() > 0 {
        eprintln!("{}", front.log());
    }
    front.end().await?;
    for index in 0..addresses.len() {
        replicas.drain(index)?;
        replicas.hurry(index)?;
    }
    replicas.end().await?;
    Ok(counts)
}
