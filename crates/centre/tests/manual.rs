//! The examples of docs/cloud-api.md, run as they stand there.
#![cfg(unix)]

mod support;

use std::path::Path;
use support::World;
use tokio::process::Command;

#[tokio::test]
async fn the_examples_of_the_manual_do_what_it_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cloud-api.md");
    let manual = std::fs::read_to_string(path).expect("the manual");
    let examples: Vec<&str> = manual
        .split("```sh\n")
        .skip(1)
        .filter_map(|after| after.split("```").next())
        .collect();
    assert!(examples.len() > 8, "{}", examples.len());
    let world = World::start().await;
    let output = Command::new("bash")
        .args(["-euxo", "pipefail", "-c", &examples.concat()])
        .env("CENTRE", format!("http://{}", world.centre.http))
        .output()
        .await
        .expect("bash runs");
    let (said, log) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}\n{log}");
    for expected in [
        r#""presence":"ready""#,
        r#"data: {"kind":"presence""#,
        r#""tags":["老客户"],"fields":[],"version":2"#,
        r#""name":"陈雨桐""#,
        r#""reference":"TK-"#,
        r#""stage":"#,
    ] {
        assert!(said.contains(expected), "{expected}: {said}\n{log}");
    }
    world.centre.stop().await;
}
