//! JSON-RPC 2.0 as values: reading a line, writing an answer.

use offhook_desk::Command;
use offhook_model::Code;
use offhook_phone::Query;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// An error of JSON-RPC 2.0 section 5.1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RpcError {
    code: i32,
    message: &'static str,
    data: Option<Value>,
}

impl RpcError {
    pub(crate) const PARSE: Self = Self::plain(-32700, "Parse error");
    pub(crate) const TOO_LONG: Self = Self::plain(-32700, "Parse error: the line is too long");
    pub(crate) const INVALID_REQUEST: Self = Self::plain(-32600, "Invalid Request");
    pub(crate) const METHOD_NOT_FOUND: Self = Self::plain(-32601, "Method not found");

    const fn plain(code: i32, message: &'static str) -> Self {
        Self {
            code,
            message,
            data: None,
        }
    }

    /// What is wrong with the parameters, without quoting them: a password may be among them.
    fn invalid_params(error: &serde_json::Error) -> Self {
        let words = error.to_string();
        // serde quotes names of fields and variants in backquotes and strings it was given in double quotes.
        let said = if words.contains('"') {
            "a value is not of the type that belongs there".to_owned()
        } else {
            words
        };
        Self {
            data: Some(Value::String(said)),
            ..Self::plain(-32602, "Invalid params")
        }
    }

    /// What the phone refused, with its stable code.
    pub(crate) fn refused(code: Code) -> Self {
        Self {
            data: Some(json!({ "code": code })),
            ..Self::plain(-32000, "Refused")
        }
    }
}

/// What a request asks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Call {
    Command(Command),
    Query(Query),
    View,
}

/// One line from the other side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    /// Nothing: a notification, which is not answered, not even with an error.
    pub(crate) id: Option<Value>,
    pub(crate) call: Result<Call, RpcError>,
}

/// Reads a line. `Err` is answered with the id null, since the request's own could not be read.
pub(crate) fn read(line: &[u8]) -> Result<Request, RpcError> {
    let value: Value = serde_json::from_slice(line).map_err(|_| RpcError::PARSE)?;
    let Value::Object(mut object) = value else {
        return Err(RpcError::INVALID_REQUEST);
    };
    let id = match object.remove("id") {
        None => None,
        Some(id @ (Value::Null | Value::String(_) | Value::Number(_))) => Some(id),
        Some(_) => return Err(RpcError::INVALID_REQUEST),
    };
    let is_version_2 = object.get("jsonrpc").and_then(Value::as_str) == Some("2.0");
    let Some(Value::String(method)) = object.remove("method").filter(|_| is_version_2) else {
        return match id {
            Some(_) => Ok(Request {
                id,
                call: Err(RpcError::INVALID_REQUEST),
            }),
            None => Err(RpcError::INVALID_REQUEST),
        };
    };
    let params = object.remove("params");
    let call = match method.as_str() {
        "command" => of(params).map(Call::Command),
        "query" => of(params).map(Call::Query),
        "view" => Ok(Call::View),
        _ => Err(RpcError::METHOD_NOT_FOUND),
    };
    Ok(Request { id, call })
}

fn of<T: DeserializeOwned>(params: Option<Value>) -> Result<T, RpcError> {
    let params = params.unwrap_or_else(|| Value::Object(Map::new()));
    serde_json::from_value(params).map_err(|error| RpcError::invalid_params(&error))
}

/// Writes the answer to a request, as one line without its end.
pub(crate) fn answer(id: &Value, outcome: Result<Value, RpcError>) -> String {
    match outcome {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(RpcError {
            code,
            message,
            data: None,
        }) => {
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
        }
        Err(RpcError {
            code,
            message,
            data: Some(data),
        }) => {
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message, "data": data } })
        }
    }
    .to_string()
}

/// Writes a notification, as one line without its end.
pub(crate) fn notification(method: &str, params: &impl Serialize) -> String {
    json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(line: &str) -> (Option<Value>, i32) {
        match read(line.as_bytes()) {
            Err(error) => (None, error.code),
            Ok(Request { id, call }) => (id, call.expect_err("an error").code),
        }
    }

    #[test]
    fn what_is_no_request_is_told_apart_as_json_rpc_says() {
        assert_eq!(error_of("{"), (None, -32700));
        assert_eq!(error_of("\u{feff}"), (None, -32700));
        assert_eq!(error_of("[]"), (None, -32600));
        assert_eq!(error_of("1"), (None, -32600));
        assert_eq!(
            error_of(r#"{"id":{},"jsonrpc":"2.0","method":"view"}"#),
            (None, -32600)
        );
        assert_eq!(
            error_of(r#"{"id":1,"method":"view"}"#),
            (Some(json!(1)), -32600)
        );
        assert_eq!(
            error_of(r#"{"id":1,"jsonrpc":"2.0","method":5}"#),
            (Some(json!(1)), -32600)
        );
        assert_eq!(
            error_of(r#"{"id":"a","jsonrpc":"2.0","method":"dance"}"#),
            (Some(json!("a")), -32601)
        );
        assert_eq!(
            error_of(r#"{"id":1,"jsonrpc":"2.0","method":"command","params":{"kind":"dance"}}"#),
            (Some(json!(1)), -32602)
        );
        assert_eq!(
            error_of(r#"{"id":1,"jsonrpc":"2.0","method":"query"}"#),
            (Some(json!(1)), -32602)
        );
    }

    #[test]
    fn requests_and_notifications_carry_the_types_of_the_phone() {
        let line = r#"{"jsonrpc":"2.0","id":7,"method":"command","params":{"kind":"check_in"}}"#;
        let request = read(line.as_bytes()).expect("a request");
        assert_eq!(request.id, Some(json!(7)));
        assert_eq!(request.call, Ok(Call::Command(Command::CheckIn)));
        let line = r#"{"jsonrpc":"2.0","method":"query","params":{"kind":"calls"}}"#;
        let request = read(line.as_bytes()).expect("a notification");
        assert_eq!(request.id, None);
        assert_eq!(request.call, Ok(Call::Query(Query::Calls)));
    }

    #[test]
    fn an_error_does_not_give_away_what_was_typed() {
        let line = r#"{"jsonrpc":"2.0","id":1,"method":"command","params":
            {"kind":"sign_in","centre":"x","username":{"secret-word":"secret-word"},"password":"secret-word"}}"#;
        let request = read(line.as_bytes()).expect("a request");
        let answer = answer(&json!(1), request.call.map(|_| Value::Null));
        assert!(!answer.contains("secret-word"), "{answer}");
        let line = r#"{"jsonrpc":"2.0","id":1,"method":"command","params":"secret-word"}"#;
        let request = read(line.as_bytes()).expect("a request");
        let answer = super::answer(&json!(1), request.call.map(|_| Value::Null));
        assert!(!answer.contains("secret-word"), "{answer}");
    }

    #[test]
    fn answers_are_one_line() {
        let text = answer(&json!("a\nb"), Ok(json!({ "summary": "two\nlines" })));
        assert!(!text.contains('\n'));
        // As values: the order of the names is the JSON library's affair.
        let refusal: Value =
            serde_json::from_str(&answer(&Value::Null, Err(RpcError::PARSE))).expect("JSON");
        assert_eq!(
            refusal,
            json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32700, "message": "Parse error" } })
        );
    }
}
