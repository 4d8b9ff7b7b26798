//! What a route may refuse, for its description: extractors and errors say it of themselves, and a route lists them.

use super::problem::title;
use axum::http::StatusCode;
use offhook_model::Code;
use offhook_model::api::Problem;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// Statuses with the codes they come with.
pub(super) type Said = Vec<(u16, Code)>;

/// An extractor or an error that may end a request with a [`Refusal`](super::Refusal).
pub(super) trait Refuses {
    /// Every status with its code.
    fn said() -> Said;
}

/// Not possible in this state.
pub(super) struct NotNow;

impl Refuses for NotNow {
    fn said() -> Said {
        vec![(409, Code::NotNow)]
    }
}

/// There is no such thing, though its id could be read.
pub(super) struct NotThere;

impl Refuses for NotThere {
    fn said() -> Said {
        vec![(404, Code::NotFound)]
    }
}

macro_rules! all_of {
    ($($one:ident),+) => {
        impl<$($one: Refuses),+> Refuses for ($($one,)+) {
            fn said() -> Said {
                [$($one::said()),+].concat()
            }
        }
    };
}

all_of!(A);
all_of!(A, B);
all_of!(A, B, C);
all_of!(A, B, C, D);
all_of!(A, B, C, D, E);

/// The refusals of a route, as the responses of its description: `Refusals<(Agent, Id<CallId>, StoreError)>`.
pub(super) struct Refusals<T>(PhantomData<T>);

impl<T: Refuses> IntoResponses for Refusals<T> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
        for (status, code) in T::said() {
            let codes = by_status.entry(status).or_default();
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        by_status
            .into_iter()
            .map(|(status, codes)| (status.to_string(), response(status, &codes).into()))
            .collect()
    }
}

fn response(status: u16, codes: &[Code]) -> Response {
    let reason = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let words: Vec<serde_json::Value> = codes.iter().map(|code| serde_json::json!(code)).collect();
    let said: Vec<String> = codes
        .iter()
        .zip(&words)
        .map(|(&code, word)| {
            let word = word.as_str().unwrap_or_default();
            format!("`{word}`: {}", title(code, reason))
        })
        .collect();
    let code = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words));
    let narrowed = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("code", code)
        .required("code");
    let problem = AllOfBuilder::new()
        .item(Ref::from_schema_name(Problem::name()))
        .item(narrowed);
    let content = ContentBuilder::new().schema(Some(Schema::AllOf(problem.build())));
    let response = ResponseBuilder::new()
        .description(said.join("\n\n"))
        .content("application/problem+json", content.build());
    match status {
        429 | 503 => response.header("Retry-After", seconds()),
        _ => response,
    }
    .build()
}

fn seconds() -> utoipa::openapi::Header {
    let seconds = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0));
    HeaderBuilder::new()
        .description(Some("Seconds to wait before the next try."))
        .schema(Some(seconds))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::guard::Agent;

    #[test]
    fn codes_of_one_status_stand_together_and_none_twice() {
        let responses = Refusals::<(Agent, NotNow, (NotNow, NotThere))>::responses();
        let statuses: Vec<&str> = responses.keys().map(String::as_str).collect();
        assert_eq!(statuses, ["401", "403", "404", "409", "500"]);
        let text = serde_json::to_value(&responses["401"]).expect("JSON");
        let said = text["description"].as_str().expect("a text");
        assert!(said.contains("`session_expired`") && said.contains("`signed_in_elsewhere`"));
        let text = serde_json::to_string(&responses["409"]).expect("JSON");
        assert_eq!(text.matches("not_now").count(), 2, "{text}");
    }
}
