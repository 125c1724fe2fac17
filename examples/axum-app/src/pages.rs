use std::collections::HashMap;

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect};
use axum::routing::{get, post};
use axum::{Extension, Form, Router, extract::State};

use crate::sessions::{Sessions, User};

/// The length of a name in bytes: names are kept.
const LONGEST_NAME: usize = 64;

pub(crate) fn router() -> Router<Sessions> {
    Router::new()
        .route("/", get(index))
        .route("/login", post(log_in))
        .route("/logout", post(log_out))
}

/// The page, for those who are logged in.
async fn index(user: Option<Extension<User>>) -> Html<&'static str> {
    Html(match user {
        Some(_) => include_str!("../pages/index.html"),
        None => include_str!("../pages/login.html"),
    })
}

async fn log_in(
    State(sessions): State<Sessions>,
    headers: HeaderMap,
    Form(mut form): Form<HashMap<String, String>>,
) -> Result<impl IntoResponse, StatusCode> {
    let name = form.remove("name").unwrap_or_default();
    if name.is_empty() || name.len() > LONGEST_NAME {
        return Err(StatusCode::BAD_REQUEST);
    }
    sessions.end(&headers);
    let cookie = sessions.begin(User { name });
    let cookie = cookie.ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/")))
}

async fn log_out(State(sessions): State<Sessions>, headers: HeaderMap) -> impl IntoResponse {
    let cookie = sessions.end(&headers);
    ([(SET_COOKIE, cookie)], Redirect::to("/"))
}
