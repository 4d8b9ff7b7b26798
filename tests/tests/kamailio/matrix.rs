//! Every way to be registered, and every call there is: taken, given up, declined; made, given up, busy.

use crate::{
    KEYS, NUMBER, OUTSIDE, PATIENCE, Scene, Voice, dial, ends_as, hold, is_free_again,
    is_wrapping_up,
};
use anyhow::{Context, Result};
use e2e::{
    acceptance::{shown, shown_beyond},
    account::Transport,
    headless::Headless,
    kamailio::{Digest, Habits},
    sipp::Cue,
    talk::Ear,
};
use offhook_desk::{CallAction, CallPhase, Command, NoticeKind};
use offhook_model::{Activity, Key, LegOutcome, PhoneNumber};

#[tokio::test(flavor = "multi_thread")]
async fn md5_over_udp_takes_and_makes_calls() -> Result<()> {
    let cell = Cell {
        digest: Digest::Md5,
        transport: Transport::Udp,
        stranger: Transport::Udp,
        heard: true,
    };
    cell.day("kamailio-md5-udp").await
}

#[tokio::test(flavor = "multi_thread")]
async fn sha256_over_udp_takes_and_makes_calls() -> Result<()> {
    let cell = Cell {
        digest: Digest::Sha256,
        transport: Transport::Udp,
        stranger: Transport::Tcp,
        heard: false,
    };
    cell.day("kamailio-sha256-udp").await
}

#[tokio::test(flavor = "multi_thread")]
async fn md5_over_tcp_takes_and_makes_calls() -> Result<()> {
    let cell = Cell {
        digest: Digest::Md5,
        transport: Transport::Tcp,
        stranger: Transport::Tcp,
        heard: false,
    };
    cell.day("kamailio-md5-tcp").await
}

#[tokio::test(flavor = "multi_thread")]
async fn sha256_over_tcp_takes_and_makes_calls() -> Result<()> {
    let cell = Cell {
        digest: Digest::Sha256,
        transport: Transport::Tcp,
        stranger: Transport::Udp,
        heard: true,
    };
    cell.day("kamailio-sha256-tcp").await
}

#[tokio::test(flavor = "multi_thread")]
async fn sha256_over_tls_takes_and_makes_calls() -> Result<()> {
    let cell = Cell {
        digest: Digest::Sha256,
        transport: Transport::Tls,
        stranger: Transport::Udp,
        heard: true,
    };
    cell.day("kamailio-sha256-tls").await
}

/// One way to be registered, and what the stranger's messages travel over, who is outside.
#[derive(Clone, Copy)]
struct Cell {
    digest: Digest,
    transport: Transport,
    stranger: Transport,
    /// The sound is listened to as well.
    heard: bool,
}

impl Cell {
    /// Every call there is: taken, given up, declined; made, given up, busy.
    async fn day(self, story: &str) -> Result<()> {
        let scene = Scene::set(story, self.digest, self.transport, Habits::default()).await?;
        let voice = Voice::draw(&scene)?;
        let mut phone = scene.phone("lin", &voice.audio()).await?;
        self.takes(&scene, &mut phone, &voice).await?;
        self.is_not_waited_for(&scene, &mut phone).await?;
        self.makes(&scene, &mut phone).await?;
        self.reaches_nobody(&scene, &mut phone).await?;
        phone.leave().await?;
        let withdrawn = ["withdrawn 1001 over", self.transport.name()];
        scene.says(&withdrawn).await
    }

    async fn takes(self, scene: &Scene, phone: &mut Headless, voice: &Voice) -> Result<()> {
        let mut caller = scene.stranger("caller", self.stranger).await?;
        let call = phone.call(CallPhase::Offered).await?;
        assert_eq!(call.number, Some(PhoneNumber::parse(NUMBER)?));
        assert_eq!(call.caller_name.as_deref(), Some("Chen"));
        caller.is_told("SIP/2.0 180", PATIENCE).await?;
        phone.command(&Command::Answer { leg: call.leg }).await?;
        phone.call(CallPhase::Live).await?;
        caller.is_told("SIP/2.0 200", PATIENCE).await?;
        if self.heard {
            voice.goes_there_and_back(&caller).await?;
        }
        hold(phone, &call, &caller, true).await?;
        if self.heard {
            Ear::Wire(caller.rtp.clone())
                .hears_nothing_of(&voice.nonce)
                .await
                .context("On hold")?;
        }
        hold(phone, &call, &caller, false).await?;
        if self.heard {
            Ear::Wire(caller.rtp.clone())
                .hears_again(&voice.nonce)
                .await
                .context("Retrieved")?;
            for key in KEYS.chars() {
                let (leg, key) = (call.leg, Key::try_from(key)?);
                phone.command(&Command::Press { leg, key }).await?;
            }
            caller.rtp.is_keyed(KEYS, PATIENCE).await?;
            let keyed = phone.call(CallPhase::Live).await?.keyed;
            assert_eq!(keyed.0, KEYS);
        }
        match self.transport {
            Transport::Udp => caller.cue(Cue::HangUp).await?,
            Transport::Tcp | Transport::Tls => {
                phone.command(&Command::HangUp { leg: call.leg }).await?;
            }
        }
        caller.ends_well(PATIENCE).await?;
        is_wrapping_up(phone).await?;
        let end = match self.transport {
            Transport::Udp => 48,
            Transport::Tcp | Transport::Tls => 49,
        };
        shown(
            &[42, end, 50, 67],
            "phone: Answer makes the call live, it is shown as held and as retrieved, and at its end the desk is in wrap-up",
            "peer: sipp had the answer, INVITEs with sendonly and sendrecv, and one BYE went between the two",
        )?;
        shown_beyond(
            &[10],
            "phone: with an account file alone it is registered and Ready, and a call is taken",
            "peer: kamailio registered it with digest, and sipp's call came through it",
        )?;
        is_free_again(phone).await
    }

    /// The caller gives up, then the agent declines another.
    async fn is_not_waited_for(self, scene: &Scene, phone: &mut Headless) -> Result<()> {
        let mut caller = scene.stranger("gives-up", self.stranger).await?;
        phone.call(CallPhase::Offered).await?;
        caller.is_told("SIP/2.0 180", PATIENCE).await?;
        caller.cue(Cue::Cancel).await?;
        caller.is_told("SIP/2.0 487", PATIENCE).await?;
        caller.ends_well(PATIENCE).await?;
        phone
            .until("that the caller is gone", |view| {
                let gone = view.notices.iter().any(|notice| {
                    matches!(
                        notice.about,
                        NoticeKind::CallGone {
                            outcome: LegOutcome::AbandonedWhileRinging,
                            ..
                        }
                    )
                });
                (gone && view.calls.is_empty() && view.activity == Activity::Free).then_some(())
            })
            .await?;

        let mut caller = scene.stranger("declined", self.stranger).await?;
        let call = phone.call(CallPhase::Offered).await?;
        phone.command(&Command::Decline { leg: call.leg }).await?;
        caller.is_told("SIP/2.0 603", PATIENCE).await?;
        caller.ends_well(PATIENCE).await
    }

    async fn makes(self, scene: &Scene, phone: &mut Headless) -> Result<()> {
        let mut callee = scene.outside("callee").await?;
        let call = dial(phone, OUTSIDE).await?;
        callee.is_told("INVITE", PATIENCE).await?;
        scene.says(&["asked 1001 for a password, INVITE"]).await?;
        callee.cue(Cue::Ring).await?;
        let alerting = phone.call(CallPhase::Alerting).await?;
        assert!(alerting.answered_at.is_none() && !alerting.can.contains(&CallAction::Hold));
        callee.cue(Cue::Answer).await?;
        let live = phone.call(CallPhase::Live).await?;
        assert!(live.answered_at.is_some() && live.can.contains(&CallAction::Hold));
        callee.is_told("ACK", PATIENCE).await?;
        match self.transport {
            Transport::Udp => phone.command(&Command::HangUp { leg: call.leg }).await?,
            Transport::Tcp | Transport::Tls => callee.cue(Cue::HangUp).await?,
        }
        callee.ends_well(PATIENCE).await?;
        is_wrapping_up(phone).await?;
        shown(
            &[86, 90],
            "phone: a call that rings has no timer and no Hold, a live one has both, and both ways a call ends in wrap-up",
            "peer: sipp rang, answered, and had its ACK and its BYE",
        )?;
        shown_beyond(
            &[10],
            "phone: a call to a number rings, is live, and ends in wrap-up",
            "peer: kamailio asked for the password, and sipp behind its trunk answered and had its BYE",
        )
    }

    /// From wrap-up: the agent gives up while it rings, then the callee is busy.
    async fn reaches_nobody(self, scene: &Scene, phone: &mut Headless) -> Result<()> {
        let mut callee = scene.outside("rings").await?;
        let call = dial(phone, OUTSIDE).await?;
        callee.is_told("INVITE", PATIENCE).await?;
        callee.cue(Cue::Ring).await?;
        phone.call(CallPhase::Alerting).await?;
        phone.command(&Command::HangUp { leg: call.leg }).await?;
        callee.is_told("CANCEL", PATIENCE).await?;
        callee.ends_well(PATIENCE).await?;
        ends_as(phone, call.wrap_up, LegOutcome::Cancelled).await?;

        let mut callee = scene.outside("busy").await?;
        let call = dial(phone, OUTSIDE).await?;
        callee.is_told("INVITE", PATIENCE).await?;
        callee.cue(Cue::Refuse(486)).await?;
        callee.ends_well(PATIENCE).await?;
        ends_as(phone, call.wrap_up, LegOutcome::Busy).await
    }
}
