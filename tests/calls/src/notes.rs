use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt as _, stream};
use grpcweb_runtime::error_details::{BadRequest, ErrorInfo};
use grpcweb_runtime::{MetadataMap, Request, Response, Status, Streaming};
use tokio::sync::Notify;

use crate::proto::calls::Note;
use crate::proto::calls::notes_server::Notes;

/// The service. Its fields let a test see and steer what a handler does.
#[derive(Debug, Clone, Default)]
pub struct MyNotes {
    /// How many streams of [`Notes::repeat`] are alive.
    pub live: Arc<AtomicUsize>,
    /// Lets a stream that is waiting go on.
    pub go_on: Arc<Notify>,
    /// Tells that a stream was dropped.
    pub dropped: Arc<Notify>,
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
        let metadata = request.metadata().clone();
        let note = request.into_inner();
        match note.text.as_str() {
            "fail" => Err(failure(&metadata)?),
            _ => {
                let mut response = Response::new(note);
                mirror(&metadata, response.metadata_mut(), "initial")?;
                mirror(&metadata, response.trailers_mut(), "trailing")?;
                Ok(response)
            }
        }
    }

    async fn repeat(&self, request: Request<Note>) -> Result<Response<Streaming<Note>>, Status> {
        let metadata = request.metadata().clone();
        let note = request.into_inner();
        let count = note.count;
        let messages = stream::iter((1..=count).map(move |count| {
            Ok(Note {
                count,
                ..note.clone()
            })
        }));
        let mut response = match metadata.get("scenario") {
            Some("fail-at-once") => return Err(failure(&metadata)?),
            Some("fail-at-the-end") => {
                let end = stream::iter([Err(failure(&metadata)?), Ok(Note::default())]);
                Response::new(Streaming::from_stream(messages.chain(end)))
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
        Ok(Response::new(request.into_inner()))
    }
}

/// Counts a stream for as long as it lives.
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
