use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use axum::middleware::Next;
use axum::response::Response;

/// Who is logged in, in the extensions of requests.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) name: String,
}

/// The sessions, in memory: they end with the program.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sessions(Arc<Mutex<HashMap<String, User>>>);

impl Sessions {
    /// Begins a session and returns its cookie.
    pub(crate) fn begin(&self, user: User) -> Result<String, getrandom::Error> {
        let token = token()?;
        // With TLS in front, `Secure` belongs here too.
        let cookie = format!("session={token}; Path=/; HttpOnly; SameSite=Lax");
        self.lock().insert(token, user);
        Ok(cookie)
    }

    /// Ends the session of a request.
    pub(crate) fn end(&self, headers: &HeaderMap) {
        if let Some(token) = token_of(headers) {
            self.lock().remove(token);
        }
    }

    fn user(&self, headers: &HeaderMap) -> Option<User> {
        self.lock().get(token_of(headers)?).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, User>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells what comes after it who is logged in.
pub(crate) async fn find_user(
    State(sessions): State<Sessions>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(user) = sessions.user(request.headers()) {
        request.extensions_mut().insert(user);
    }
    next.run(request).await
}

/// The token in the cookies, of which HTTP/2 may send several lines.
fn token_of(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(COOKIE).into_iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix("session="))
}

/// A name for a session that cannot be guessed.
fn token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |mut token, byte| {
        let _ = write!(token, "{byte:02x}");
        token
    }))
}
