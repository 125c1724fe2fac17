use std::collections::HashMap;

use futures_util::stream;
use grpcweb_runtime::{Request, Response, Status, Streaming};
use tokio::sync::watch;

use crate::app::proto::warehouse::v1::warehouse_server::Warehouse;
use crate::app::proto::warehouse::v1::{AdjustRequest, Stock, WatchRequest};

/// A warehouse in memory, with a fixed set of items: clients cannot make it grow.
pub(crate) struct MyWarehouse {
    shelves: HashMap<&'static str, watch::Sender<u64>>,
}

impl MyWarehouse {
    pub(crate) fn new() -> Self {
        let shelves = ["anvil", "rope", "spring"].map(|item| (item, watch::Sender::new(10)));
        Self {
            shelves: shelves.into(),
        }
    }

    fn shelf(&self, item: &str) -> Result<&watch::Sender<u64>, Status> {
        let shelf = self.shelves.get(item);
        shelf.ok_or_else(|| Status::not_found("there is no such item"))
    }
}

impl Warehouse for MyWarehouse {
    async fn adjust(&self, request: Request<AdjustRequest>) -> Result<Response<Stock>, Status> {
        let AdjustRequest { item, by } = request.into_inner();
        let mut after = None;
        self.shelf(&item)?.send_if_modified(|pieces| {
            after = pieces.checked_add_signed(by);
            *pieces = after.unwrap_or(*pieces);
            after.is_some()
        });
        let pieces = after.ok_or_else(|| Status::failed_precondition("there are not as many"))?;
        tracing::debug!(item, by, pieces, "adjusted");
        Ok(Response::new(Stock { item, pieces }))
    }

    async fn watch(
        &self,
        request: Request<WatchRequest>,
    ) -> Result<Response<Streaming<Stock>>, Status> {
        let cancelled = request.cancelled();
        let item = request.into_inner().item;
        let mut pieces = self.shelf(&item)?.subscribe();
        // What there is now is the first message.
        pieces.mark_changed();
        let stock = stream::unfold((item, pieces), async |(item, mut pieces)| {
            pieces.changed().await.ok()?;
            let stock = Stock {
                item: item.clone(),
                pieces: *pieces.borrow_and_update(),
            };
            Some((Ok(stock), (item, pieces)))
        });
        // It would go on for ever, and hold a shutdown up.
        let stock = Streaming::from_stream(stock).until_shutdown(cancelled);
        Ok(Response::new(stock))
    }
}
