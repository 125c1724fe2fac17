use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use axum::middleware::Next;
use axum::response::Response;

/// How long a session lasts.
const LIFETIME: Duration = Duration::from_secs(12 * 3600);

/// How many sessions there may be at once.
const MOST: usize = 10_000;

/// Who is logged in, in the extensions of requests.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) name: String,
}

/// The sessions, in memory: they end with the program.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sessions(Arc<Mutex<HashMap<String, Session>>>);

#[derive(Debug)]
struct Session {
    user: User,
    end: Instant,
}

impl Session {
    fn is_over(&self) -> bool {
        self.end <= Instant::now()
    }
}

impl Sessions {
    /// Begins a session and returns its cookie; `None` where there are too many, or no random numbers.
    pub(crate) fn begin(&self, user: User) -> Option<String> {
        let token = token().ok()?;
        let cookie = cookie(&token, LIFETIME);
        let end = Instant::now() + LIFETIME;
        let mut sessions = self.lock();
        if sessions.len() >= MOST {
            sessions.retain(|_, session| !session.is_over());
        }
        if sessions.len() >= MOST {
            return None;
        }
        sessions.insert(token, Session { user, end });
        Some(cookie)
    }

    /// Ends the session of a request, if it has one, and returns the cookie that makes the browser forget it.
    pub(crate) fn end(&self, headers: &HeaderMap) -> String {
        if let Some(token) = token_of(headers) {
            self.lock().remove(token);
        }
        cookie("", Duration::ZERO)
    }

    fn user(&self, headers: &HeaderMap) -> Option<User> {
        let sessions = self.lock();
        let session = sessions.get(token_of(headers)?)?;
        (!session.is_over()).then(|| session.user.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cookie(token: &str, lifetime: Duration) -> String {
    let seconds = lifetime.as_secs();
    // With TLS in front, `Secure` belongs here too.
    format!("session={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax")
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

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn ada() -> User {
        User { name: "ada".into() }
    }

    fn sent(cookie: &str) -> HeaderMap {
        let (pair, _) = cookie.split_once(';').unwrap();
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(pair).unwrap())])
    }

    fn expire(sessions: &Sessions) {
        let now = Instant::now();
        for session in sessions.lock().values_mut() {
            session.end = now;
        }
    }

    #[test]
    fn a_session_that_is_over_has_no_user() {
        let sessions = Sessions::default();
        let headers = sent(&sessions.begin(ada()).unwrap());
        assert_eq!(sessions.user(&headers).unwrap().name, "ada");
        expire(&sessions);
        assert!(sessions.user(&headers).is_none());
    }

    #[test]
    fn there_are_so_many_sessions_and_no_more_until_some_are_over() {
        let sessions = Sessions::default();
        for _ in 0..MOST {
            sessions.begin(ada()).unwrap();
        }
        assert!(sessions.begin(ada()).is_none());
        expire(&sessions);
        assert!(sessions.begin(ada()).is_some());
    }
}
