//! An agent at work in a window: signed in, checked in, and the words of the buttons that most stories press, in both languages.

use crate::{
    api::PracticeCall,
    credentials::Credentials,
    desktop::{Desktop, Role},
    display::Display,
    place::eventually,
    window::{Opening, Window},
    world::World,
};
use anyhow::{Context, Result, ensure};
use offhook_model::{CallId, LegOutcome, LegRecord};
use std::time::Duration;
use uuid::Uuid;

/// How long a window may take for what comes at once.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Answers.
pub const ANSWER: &[&str] = &["Answer", "接听"];
/// Declines.
pub const DECLINE: &[&str] = &["Decline", "拒接"];
/// Holds.
pub const HOLD: &[&str] = &["Hold", "保持"];
/// Ends a hold.
pub const RETRIEVE: &[&str] = &["Retrieve", "取回"];
/// Opens the keypad of a call.
pub const KEYPAD: &[&str] = &["Keypad", "键盘"];
/// Hangs up.
pub const HANG_UP: &[&str] = &["Hang up", "挂断"];
/// The running figure of a call that was answered.
pub const TALK_TIME: &[&str] = &["Talk time", "通话时长"];
/// The state button after a call.
pub const WRAP_UP: &[&str] = &[
    "Wrap-up, No calls, no time limit",
    "话后处理, 不分配来电，不限时",
];
/// The field of the summary.
pub const SUMMARY: &[&str] = &["Call summary", "会话小结"];
/// The field for the number to dial.
pub const DIAL: &[&str] = &["Dial", "拨号"];
/// Dials what stands in it.
pub const CALL: &[&str] = &["Call", "呼叫"];
/// Leaves the wrap-up without submitting.
pub const START: &[&str] = &["Start answering", "开始接听"];
/// The state button while calls may come.
pub const READY: &[&str] = &["Ready, Calls ring at once", "空闲, 来电将直接振铃"];

/// Signs in as a sample agent, by typing.
///
/// # Errors
/// The form is not there, or the centre refuses.
pub async fn sign_in(window: &Desktop, centre: &str, username: &str) -> Result<()> {
    let credentials = Credentials::of(centre, username);
    credentials.are_typed(window).await.map(drop)
}

/// Checks in, and waits until calls may come.
///
/// # Errors
/// There is no such button, or the centre refuses.
pub async fn check_in(window: &Desktop) -> Result<()> {
    window.click(Role::Button, &["Check in", "签入"]).await?;
    window.find(Role::Button, READY).await.map(drop)
}

/// Writes the summary and what else is required.
///
/// # Errors
/// There is no form.
pub async fn fill_in(window: &Desktop, summary: &str) -> Result<()> {
    window.type_into(Role::TextBox, SUMMARY, summary).await?;
    window
        .choose(
            &["Disposition", "业务类型"],
            &["After-sales / Repair", "售后 / 报修"],
        )
        .await
}

impl World {
    /// Has a customer call, answers in the window and hangs up there: the wrap-up is open.
    ///
    /// # Errors
    /// One of both does not.
    pub async fn talked(&self, window: &Desktop, number: &str) -> Result<CallId> {
        let customer = self.customer_calls(number).await?;
        let call = self.waits(customer).await?;
        window.click(Role::Button, ANSWER).await?;
        window.find(Role::Timer, TALK_TIME).await?;
        self.customer_is(customer, "connected").await?;
        window.press("Shift+Escape").await?;
        window.find(Role::Button, WRAP_UP).await?;
        self.customer_is(customer, "ended").await?;
        Ok(call)
    }

    /// Waits for the one wrap-up of a call at the centre, and gives its summary.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub async fn summary_of(&self, call: CallId) -> Result<String> {
        eventually("the wrap-up at the centre", PATIENCE, async || {
            let stored = self.administrator.wrap_ups_of(call).await?;
            ensure!(stored.len() == 1, "{} of it", stored.len());
            let values = serde_json::to_value(&stored[0].body.values)?;
            Ok(values["summary"].as_str().context("a summary")?.to_owned())
        })
        .await
    }

    /// Opens a window, signs a sample agent in and checks in.
    ///
    /// # Errors
    /// Something does not come up, or the centre refuses.
    pub async fn desk(
        &self,
        display: &Display,
        username: &str,
        opening: Opening<'_>,
    ) -> Result<Window> {
        let window = opening.open(&self.place, display).await?;
        sign_in(&window, &self.centre.http, username).await?;
        check_in(&window).await?;
        Ok(window)
    }

    /// Has a practice customer call the queue.
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn customer_calls(&self, number: &str) -> Result<Uuid> {
        self.administrator
            .call_in(&PracticeCall {
                number,
                display_name: None,
                voice: None,
                record: None,
            })
            .await
    }

    /// Waits until a practice customer is in the queue, and gives its call.
    ///
    /// # Errors
    /// It is not in time.
    pub async fn waits(&self, customer: Uuid) -> Result<CallId> {
        eventually("the customer in the queue", PATIENCE, async || {
            let state = self.administrator.practice_state(customer).await?;
            ensure!(state.stage == "waiting", "it is {}", state.stage);
            state.call.context("a call")
        })
        .await
    }

    /// Waits until a practice customer has come this far.
    ///
    /// # Errors
    /// It has not in time.
    pub async fn customer_is(&self, customer: Uuid, stage: &str) -> Result<()> {
        eventually(&format!("the customer {stage}"), PATIENCE, async || {
            let state = self.administrator.practice_state(customer).await?;
            ensure!(state.stage == stage, "it is {}", state.stage);
            Ok(())
        })
        .await
    }

    /// Waits until a call's legs at the centre have ended so, oldest first; nothing is one that goes on.
    ///
    /// # Errors
    /// They have not in time; how they stand is told.
    pub async fn legs_end(
        &self,
        call: CallId,
        outcomes: &[Option<LegOutcome>],
    ) -> Result<Vec<LegRecord>> {
        eventually("the legs at the centre", PATIENCE, async || {
            let legs = self.legs_so_far(call).await?;
            let found: Vec<_> = legs.iter().map(|leg| leg.outcome).collect();
            ensure!(found == outcomes, "they are {found:?}");
            Ok(legs)
        })
        .await
    }

    /// Gives a call's legs at the centre, oldest first.
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn legs_so_far(&self, call: CallId) -> Result<Vec<LegRecord>> {
        let calls = self.administrator.calls().await?;
        let of_it = calls.into_iter().find(|one| one.call == call);
        let legs = of_it.map(|one| one.legs).unwrap_or_default();
        Ok(legs.into_iter().map(|(_, leg)| leg).collect())
    }

    /// Gives the newest call at the centre with this number, with or without its country's code, and its newest leg.
    ///
    /// # Errors
    /// There is none.
    pub async fn last_with(&self, number: &str) -> Result<(CallId, LegRecord)> {
        self.administrator
            .calls()
            .await?
            .into_iter()
            .find_map(|mut call| {
                let (_, leg) = call.legs.pop()?;
                let has = leg.number.as_ref()?.as_str().ends_with(number);
                has.then_some((call.call, leg))
            })
            .with_context(|| format!("no call with {number}"))
    }
}

/// Reads a figure such as `1:05` as seconds.
///
/// # Errors
/// It is none.
pub fn seconds(figure: &str) -> Result<i64> {
    figure.trim().split(':').try_fold(0, |sum, part| {
        let part: i64 = part
            .parse()
            .with_context(|| format!("{figure:?} is no time"))?;
        Ok(sum * 60 + part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_as_seconds() -> Result<()> {
        assert_eq!(seconds("0:07")?, 7);
        assert_eq!(seconds(" 1:01:05\n")?, 3665);
        assert!(seconds("soon").is_err());
        Ok(())
    }
}
