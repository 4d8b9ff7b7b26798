//! docs/headless.md says what this program does: every name of it stands there, and its examples are what it reads and says.

use std::collections::BTreeSet;
use std::path::Path;

use offhook_desk::View;
use offhook_phone::{Answer, IncomingNotification, Levels};
use serde_json::Value;

use crate::rpc;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path);
    std::fs::read_to_string(path).expect("it is there")
}

fn manual() -> String {
    read("docs/headless.md")
}

/// The lines of the manual's examples that begin with this mark: `>` goes in, `<` comes out.
fn examples(manual: &str, mark: &str) -> Vec<String> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in manual.lines() {
        if line.starts_with("```") {
            inside = !inside;
        } else if inside && let Some(said) = line.strip_prefix(mark) {
            lines.push(said.trim().to_owned());
        }
    }
    lines
}

/// The kinds of a generated type, `export type Query = { "kind": "draft", …`.
fn kinds(types: &str, name: &str) -> BTreeSet<String> {
    let declaration = types
        .split_once(&format!("export type {name} ="))
        .map(|(_, after)| after.split("export type").next().unwrap_or_default())
        .expect("the type is generated");
    declaration
        .split("\"kind\": \"")
        .skip(1)
        .filter_map(|after| after.split('"').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_name_stands_in_the_manual() {
    let manual = manual();
    let types = read("ui/src/host/types.ts");
    let (commands, queries) = (kinds(&types, "Command"), kinds(&types, "Query"));
    assert!(commands.len() > 20 && queries.len() > 5, "{commands:?}");
    let own = [
        "command",
        "query",
        "view",
        "ready",
        "desk-changed",
        "levels",
        "notify",
        "withdraw",
        "--listen",
        "--allow-origin",
        "--stdio",
        "--account",
        "headless-token",
        "-32700",
        "-32600",
        "-32601",
        "-32602",
        "-32000",
    ];
    for name in commands
        .iter()
        .chain(&queries)
        .map(String::as_str)
        .chain(own)
    {
        assert!(manual.contains(&format!("`{name}`")), "`{name}` is missing");
    }
}

#[test]
fn what_goes_in_is_read() {
    let examples = examples(&manual(), "> ");
    assert!(examples.len() >= 5);
    for line in examples {
        let request = rpc::read(line.as_bytes()).expect(&line);
        request.call.expect(&line);
    }
}

#[test]
fn what_comes_out_has_the_types_of_the_phone() {
    fn is<T: serde::de::DeserializeOwned>(value: &Value) -> bool {
        serde_json::from_value::<T>(value.clone()).is_ok()
    }
    let examples = examples(&manual(), "< ");
    assert!(examples.len() >= 8);
    for line in examples {
        let said: Value = serde_json::from_str(&line).expect(&line);
        let params = &said["params"];
        let good = match said["method"].as_str() {
            Some("ready") => params["version"].is_string(),
            Some("desk-changed") => is::<View>(params),
            Some("levels") => is::<Levels>(params),
            Some("notify") => is::<IncomingNotification>(params),
            Some("withdraw") => is::<offhook_model::LegId>(&params["leg"]),
            Some(_) => false,
            None => match said.get("error") {
                Some(error) => error["code"].is_i64() && error["message"].is_string(),
                None => {
                    let result = said.get("result").expect(&line);
                    result.is_null() || is::<Answer>(result) || is::<View>(result)
                }
            },
        };
        assert!(good, "{line}");
    }
}
