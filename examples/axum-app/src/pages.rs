use std::collections::HashMap;

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect};
use axum::routing::{get, post};
use axum::{Extension, Form, Router, extract::State};

use crate::sessions::{Sessions, User};

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
    Form(mut form): Form<HashMap<String, String>>,
) -> Result<impl IntoResponse, StatusCode> {
    let name = form.remove("name").ok_or(StatusCode::BAD_REQUEST)?;
    let cookie = sessions
        .begin(User { name })
        .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/")))
}

async fn log_out(State(sessions): State<Sessions>, headers: HeaderMap) -> Redirect {
    sessions.end(&headers);
    Redirect::to("/")
}
