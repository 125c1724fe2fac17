//! Handlers with work that blocks.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::stubs::calls::notes_server::{Notes, NotesServer};
use calls::{Server, note};
use grpcweb_runtime::{Request, Response, Router, Status};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for "open" without giving its thread back, as code does that is not async.
#[derive(Clone)]
struct Gate {
    is_open: Arc<(Mutex<bool>, Condvar)>,
    arrived: Arc<Semaphore>,
}

impl Gate {
    fn open(&self) {
        *self.is_open.0.lock().unwrap() = true;
        self.is_open.1.notify_all();
    }

    fn pass(&self, note: Note) -> Note {
        self.arrived.add_permits(1);
        let (is_open, opened) = &*self.is_open;
        let closed = is_open.lock().unwrap();
        let waited = opened.wait_timeout_while(closed, PATIENCE, |open| !*open);
        let (_open, end) = waited.unwrap();
        assert!(!end.timed_out(), "nobody opened");
        note
    }
}

impl Notes for Gate {
    async fn echo(&self, request: Request<Note>) -> Result<Response<Note>, Status> {
        let (gate, note) = (self.clone(), request.into_inner());
        if note.text == "open" {
            gate.open();
            return Ok(Response::new(note));
        }
        let passed = spawn_blocking(move || gate.pass(note)).await;
        let passed = passed.map_err(|_| Status::internal("the work came to no end"))?;
        Ok(Response::new(passed))
    }
}

/// On one thread, which such work would hold up.
#[tokio::test]
async fn work_that_blocks_in_a_handler_holds_no_other_call_up() {
    let arrived = Arc::new(Semaphore::new(0));
    let gate = Gate {
        is_open: Arc::default(),
        arrived: Arc::clone(&arrived),
    };
    let server = Server::serve(Router::new().add_service(NotesServer::new(gate))).await;
    let client = NotesClient::new(server.channel(true));
    let calls: Vec<_> = (0..5)
        .map(|n| tokio::spawn(client.echo(note(n.to_string()))))
        .collect();
    let all = timeout(PATIENCE, arrived.acquire_many(5)).await;
    all.expect("one holds the others up").unwrap().forget();
    client.echo(note("open")).await.unwrap();
    for (n, call) in calls.into_iter().enumerate() {
        let reply = timeout(PATIENCE, call).await.unwrap().unwrap().unwrap();
        assert_eq!(reply.get_ref().text, n.to_string());
    }
}
