//! A program that is killed while it writes: what it was told is saved is there.

mod support;

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Command, Stdio},
};
use support::{draft, home, item, unlocked};

const TYPING: &str = "OFFHOOK_TEST_TYPING_IN";

#[tokio::test]
async fn every_edit_that_was_confirmed_outlives_a_kill() {
    if let Some(home) = env::var_os(TYPING) {
        return type_for_ever(home.into()).await;
    }
    let home = home();
    for round in 1..=3 {
        let mut typing = Command::new(env::current_exe().expect("this test"))
            .args(["--exact", "every_edit_that_was_confirmed_outlives_a_kill"])
            .arg("--nocapture")
            .env(TYPING, home.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a second program");
        let mut lines = BufReader::new(typing.stdout.take().expect("a pipe")).lines();
        let mut confirmed = 0;
        let mut hear = |line: &str| {
            if let Some(edit) = line.strip_prefix("saved ") {
                confirmed = edit.parse::<u64>().expect("a number");
            }
            confirmed
        };
        let first = loop {
            let line = lines.next().expect("it goes on").expect("text");
            let edit = hear(&line);
            if edit > 0 {
                break edit;
            }
        };
        for line in lines.by_ref() {
            if hear(&line.expect("text")) > first + 20 * round {
                break;
            }
        }
        typing.kill().expect("killed");
        for line in lines {
            hear(&line.expect("text"));
        }
        typing.wait().expect("gone");

        let store = unlocked(home.path()).await;
        store.check().await.expect("whole");
        let drafts = store.drafts().await.expect("drafts");
        let on_disk = drafts.first().map_or(0, |draft| draft.edit);
        // Each tenth edit is submitted; then there is either the draft or its item, never both and never neither.
        let submitted = store.outbox().await.expect("outbox");
        let last_submitted = submitted.iter().map(|state| state.draft.edit).max();
        let last = on_disk.max(last_submitted.unwrap_or(0));
        assert!(
            last >= confirmed,
            "{last} on the disk, {confirmed} confirmed"
        );
        assert_eq!(submitted.len() as u64, last_submitted.unwrap_or(0) / 10);
        assert!(drafts.len() <= 1);
        for draft in &drafts {
            let twice = submitted.iter().any(|state| state.wrap_up == draft.wrap_up);
            assert!(!twice, "edit {}", draft.edit);
        }
    }
}

/// Edits count on over the rounds; form N takes the edits 10 N + 1 to 10 N + 10, and the last one submits it.
async fn type_for_ever(home: PathBuf) {
    let store = unlocked(&home).await;
    let drafts = store.drafts().await.expect("drafts");
    let submitted = store.outbox().await.expect("outbox");
    let done = submitted.iter().map(|state| state.draft.edit);
    let begun = drafts.iter().map(|draft| draft.edit);
    let mut edit = done.chain(begun).max().unwrap_or(0);
    loop {
        edit += 1;
        let form = u128::from((edit - 1) / 10);
        let text = "字".repeat(200);
        if edit % 10 == 0 {
            store
                .submit(draft(form, edit, &text), item(form, Some(7)))
                .await
                .expect("submitted");
        } else {
            store
                .save_draft(draft(form, edit, &text))
                .await
                .expect("saved");
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "saved {edit}").expect("somebody listens");
        out.flush().expect("somebody listens");
    }
}
