use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{StreamExt as _, stream};
use grpcweb_runtime::error_details::{BadRequest, ErrorInfo};
use grpcweb_runtime::{CancelReason, MetadataMap, Request, Response, Status, Streaming};
use tokio::sync::Notify;

use crate::proto::calls::Note;
use crate::proto::calls::notes_server::Notes;

/// The service. Its fields let a test see and steer what a handler does.
#[derive(Debug, Clone, Default)]
pub struct MyNotes {
    /// How many handlers and streams that wait are alive.
    pub live: Arc<AtomicUsize>,
    /// Lets one that is waiting go on.
    pub go_on: Arc<Notify>,
    /// Tells that a handler or a stream that waited was dropped.
    pub dropped: Arc<Notify>,
    /// Tells that a handler waits.
    pub waits: Arc<Notify>,
    /// What the tasks that handlers left behind were told.
    reasons: Arc<Mutex<Vec<CancelReason>>>,
    told: Arc<Notify>,
}

impl MyNotes {
    /// Why the next call was over for the task that its handler left behind.
    pub async fn reason(&self) -> CancelReason {
        loop {
            let told = self.told.notified();
            let next = self
                .reasons
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            match next {
                Some(reason) => return reason,
                None => told.await,
            }
        }
    }

    /// Leaves a task behind that waits for the end of the call.
    fn leave_behind<T>(&self, request: &Request<T>) {
        let (cancelled, notes) = (request.cancelled(), self.clone());
        tokio::spawn(async move {
            let reason = cancelled.await;
            notes
                .reasons
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(reason);
            notes.told.notify_one();
        });
    }

    /// Never returns.
    async fn hang(&self) {
        let _alive = Alive::new(self);
        self.waits.notify_one();
        std::future::pending().await
    }

    /// Returns once a test lets it go on.
    async fn wait(&self) {
        let _alive = Alive::new(self);
        self.waits.notify_one();
        self.go_on.notified().await;
    }

    /// What the metadata of a request asks for beside what the method does.
    async fn obey<T>(&self, request: &Request<T>) {
        match request.metadata().get("scenario") {
            Some("hang") => self.hang().await,
            Some("leave-behind") => self.leave_behind(request),
            Some("leave-behind-and-hang") => {
                self.leave_behind(request);
                self.hang().await;
            }
            Some("panic") => panic!("the password is swordfish"),
            _ => {}
        }
    }
}

/// A note with a text.
#[must_use]
pub fn note(text: impl Into<String>) -> Note {
    Note {
        text: text.into(),
        ..Note::default()
    }
}

impl Notes for MyNotes {
    async fn echo(&self, request: Request<Note>) -> Result<Response<Note>, Status> {
        self.obey(&request).await;
        let metadata = request.metadata().clone();
        let remaining = request.remaining();
        let note = request.into_inner();
        match note.text.as_str() {
            "fail" => Err(failure(&metadata)?),
            "remaining" => Ok(Response::new(self::note(format!("{remaining:?}")))),
            "wait" => {
                self.wait().await;
                Ok(Response::new(note))
            }
            "pass-on" => {
                let mut response = Response::new(note);
                *response.metadata_mut() = metadata.clone();
                *response.trailers_mut() = metadata;
                Ok(response)
            }
            _ => {
                let mut response = Response::new(note);
                mirror(&metadata, response.metadata_mut(), "initial")?;
                mirror(&metadata, response.trailers_mut(), "trailing")?;
                Ok(response)
            }
        }
    }

    async fn repeat(&self, request: Request<Note>) -> Result<Response<Streaming<Note>>, Status> {
        self.obey(&request).await;
        let metadata = request.metadata().clone();
        let note = request.into_inner();
        let count = note.count;
        let counted = note.clone();
        let messages = stream::iter((1..=count).map(move |count| {
            Ok(Note {
                count,
                ..counted.clone()
            })
        }));
        let mut response = match metadata.get("scenario") {
            Some("fail-at-once") => return Err(failure(&metadata)?),
            Some("fail-at-the-end") => {
                let end = stream::iter([Err(failure(&metadata)?), Ok(Note::default())]);
                Response::new(Streaming::from_stream(messages.chain(end)))
            }
            Some("panic-at-the-end") => {
                let end = stream::once(async { panic!("the password is swordfish") });
                Response::new(Streaming::from_stream(messages.chain(end)))
            }
            Some("for-ever") => {
                let guard = Alive::new(self);
                let messages = std::iter::repeat_with(move || {
                    let _ = &guard;
                    note.clone()
                });
                Response::new(Streaming::from_iter(messages))
            }
            Some("wait-after-each") => {
                let (go_on, guard) = (Arc::clone(&self.go_on), Alive::new(self));
                let mut first = true;
                let messages = messages.then(move |note| {
                    let _ = &guard;
                    let wait = !std::mem::take(&mut first);
                    let go_on = Arc::clone(&go_on);
                    async move {
                        if wait {
                            go_on.notified().await;
                        }
                        note
                    }
                });
                Response::new(Streaming::from_stream(messages))
            }
            _ => Response::new(Streaming::from_stream(messages)),
        };
        mirror(&metadata, response.metadata_mut(), "initial")?;
        mirror(&metadata, response.trailers_mut(), "trailing")?;
        Ok(response)
    }

    async fn join(&self, request: Request<Streaming<Note>>) -> Result<Response<Note>, Status> {
        self.obey(&request).await;
        if request.metadata().get("scenario") == Some("fail-at-once") {
            return Err(failure(request.metadata())?);
        }
        let mut notes = request.into_inner();
        let mut joined = Note::default();
        while let Some(note) = notes.message().await? {
            joined.text.push_str(&note.text);
            joined.count += 1;
        }
        Ok(Response::new(joined))
    }

    async fn chat(
        &self,
        request: Request<Streaming<Note>>,
    ) -> Result<Response<Streaming<Note>>, Status> {
        self.obey(&request).await;
        if request.metadata().get("scenario") == Some("fail-at-once") {
            return Err(failure(request.metadata())?);
        }
        Ok(Response::new(request.into_inner()))
    }
}

/// Counts a handler or a stream for as long as it lives.
struct Alive {
    notes: MyNotes,
}

impl Alive {
    fn new(notes: &MyNotes) -> Self {
        notes.live.fetch_add(1, Ordering::SeqCst);
        Self {
            notes: notes.clone(),
        }
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.notes.live.fetch_sub(1, Ordering::SeqCst);
        self.notes.dropped.notify_one();
    }
}

fn failure(metadata: &MetadataMap) -> Result<Status, Status> {
    let mut status = Status::failed_precondition("100 % naïve:\nno")
        .with_detail(&BadRequest::violation("text", "is \"fail\""))
        .with_detail(&ErrorInfo {
            reason: "ASKED_FOR".into(),
            domain: "calls".into(),
            metadata: Default::default(),
        });
    mirror(metadata, status.metadata_mut(), "trailing")?;
    Ok(status)
}

/// Sends back what the client sent as `x-{place}` and `x-{place}-bin`.
fn mirror(from: &MetadataMap, to: &mut MetadataMap, place: &str) -> Result<(), Status> {
    let (text, bytes) = (format!("x-{place}"), format!("x-{place}-bin"));
    for value in from.get_all(&text) {
        to.append(&text, value)?;
    }
    for value in from.get_all_bin(&bytes) {
        to.append_bin(&bytes, value)?;
    }
    Ok(())
}
