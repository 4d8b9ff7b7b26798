//! The description of the API in OpenAPI 3.1, made of the routes themselves.

use super::routes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use offhook_model::api::Problem;
use serde_json::Value;
use std::sync::LazyLock;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

static DOCUMENT: LazyLock<String> = LazyLock::new(document);

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Offhook cloud API",
        version = "1",
        description = "Between the phone of an agent and a call centre. docs/cloud-api.md says what the order of requests means.\n\n\
            Errors are `application/problem+json` (RFC 9457) with a stable `code`. Bodies are JSON of at most 256 KiB in UTF-8; \
            fields that are not known are passed over. Times are milliseconds since 1970-01-01T00:00:00Z.",
        license(name = "MIT", identifier = "MIT"),
    ),
    components(schemas(Problem)),
    modifiers(&Session),
    security(("session" = [])),
    tags(
        (name = "Sessions", description = "Sign-in, sign-out, and the sign of life between them."),
        (name = "Presence", description = "What an agent is ready for, and the events that tell of it."),
        (name = "Customers", description = "Who calls, with what happened before."),
        (name = "Calls", description = "Calls and legs as they were recorded."),
        (name = "Wrap-ups", description = "What agents wrote after their calls."),
        (name = "Tickets", description = "What is to be done after a call."),
        (name = "Practice", description = "Practice people. A centre that is not for practice has none of it."),
        (name = "Centre", description = "The centre itself."),
    ),
)]
pub(super) struct Base;

/// Says how a session is shown.
struct Session;

impl Modify for Session {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The token of `POST /v1/sessions`."));
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme("session", SecurityScheme::Http(bearer.build()));
    }
}

/// Writes the description of the API as JSON.
#[must_use]
pub fn document() -> String {
    let mut described = serde_json::to_value(routes().into_openapi()).unwrap_or_default();
    for_readers(&mut described);
    let mut text = serde_json::to_string_pretty(&described).unwrap_or_default();
    text.push('\n');
    text
}

/// The descriptions are doc comments: takes out what only Rust's readers follow.
fn for_readers(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match value {
                    Value::String(text) if name == "description" || name == "summary" => {
                        *text = plain(text);
                    }
                    // What the registry of formats calls uint32 and uint64.
                    Value::String(text) if name == "format" => {
                        *text = text.replace("u-int", "uint")
                    }
                    value => for_readers(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(for_readers),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Takes the links and the line ends out of a doc comment, and the sentences about `Debug`, which stand last.
fn plain(text: &str) -> String {
    let text = text.split("`Debug`").next().unwrap_or_default().trim_end();
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[`") {
        plain.push_str(before);
        let (name, behind) = after.split_once("`]").unwrap_or((after, ""));
        plain.push('`');
        plain.push_str(name);
        plain.push('`');
        rest = match behind.strip_prefix('(') {
            Some(link) => link.split_once(')').map_or("", |(_, behind)| behind),
            None => behind,
        };
    }
    plain.push_str(rest);
    let paragraphs: Vec<String> = plain
        .split("\n\n")
        .map(|paragraph| paragraph.replace('\n', " "))
        .collect();
    paragraphs.join("\n\n")
}

/// This description.
#[utoipa::path(
    get, path = "/v1/openapi.json", operation_id = "description", tag = "Centre", security(()),
    responses((status = 200, description = "OpenAPI 3.1.", body = Object, content_type = "application/json")),
)]
pub(super) async fn served() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn links_and_debug_are_for_rust_readers_alone() {
        assert_eq!(
            plain("Answered with [`Customer`](crate::Customer): 200; see [`Code::Conflict`]."),
            "Answered with `Customer`: 200; see `Code::Conflict`."
        );
        assert_eq!(
            plain("One\nline.\n\nThe profile. `Debug` shows the id alone."),
            "One line.\n\nThe profile."
        );
    }
}
