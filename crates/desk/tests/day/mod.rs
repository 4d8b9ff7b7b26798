//! One agent's day in virtual time: the desk, a clock that is set by hand, and everything the desk asked for.

#![allow(dead_code, reason = "each test file uses its own part of the day")]

use offhook_desk::{
    CallView, Command, Desk, Effect, Fact, LegEnd, Offered, SignedIn, View, WrapUpView,
};
use offhook_model::{
    Activity, AgentId, CallId, FieldDefinition, FieldId, FieldKind, FieldValue, FormDefinition,
    LegId, Now, PhoneNumber, Presence, PresenceReason, PresenceState, Random, Secret, Text, Wall,
    WrapUpId,
    api::{AgentProfile, Role},
};
use std::time::Duration;

pub struct Day {
    pub desk: Desk,
    pub now: Duration,
    pub asked: Vec<Effect>,
    /// How long the centre gives wrap-ups.
    pub wrap_up_limit: Option<Duration>,
    /// Whether the agent has the right to hear recordings.
    pub listens: bool,
    random: Random,
    revision: u64,
}

pub const RING: Duration = Duration::from_secs(30);

impl Day {
    /// Starts signed out.
    pub fn dawn() -> Self {
        Self {
            desk: Desk::new(1),
            now: Duration::ZERO,
            asked: Vec::new(),
            wrap_up_limit: None,
            listens: true,
            random: Random::seeded(2),
            revision: 1,
        }
    }

    /// Starts signed in and checked in, Ready.
    pub fn ready() -> Self {
        Self::ready_with(None)
    }

    /// As [`Self::ready`], at a centre that gives wrap-ups so long.
    pub fn ready_with(wrap_up_limit: Option<Duration>) -> Self {
        let mut day = Self {
            wrap_up_limit,
            ..Self::dawn()
        };
        day.sign_in();
        day.command(Command::CheckIn);
        day.told(Presence::Ready, PresenceReason::ByHand);
        day.asked.clear();
        day
    }

    /// Signs in and lets the centre accept it.
    pub fn sign_in(&mut self) {
        self.command(Command::SignIn {
            centre: "http://centre.test".into(),
            username: "lin".into(),
            password: Secret::new("p"),
        });
        self.session_comes();
    }

    /// The centre accepts a sign-in, and its links stand.
    pub fn session_comes(&mut self) {
        let presence = self.state(Presence::CheckedOut, PresenceReason::SignedIn);
        let id = AgentId::mint(Wall(1), &mut self.random);
        self.fact(Fact::SignedIn(SignedIn {
            agent: AgentProfile {
                id,
                name: "林晓峰".into(),
                extension: "1001".into(),
                role: Role::Agent,
                skill_groups: Vec::new(),
                listen_recordings: self.listens,
            },
            presence,
            activity: Activity::Free,
            ring: RING,
            wrap_up_limit: self.wrap_up_limit,
            form: form(),
            caller_ids: PhoneNumber::parse("057115550100").into_iter().collect(),
            local: false,
        }));
        self.fact(Fact::EventStream(true));
        self.fact(Fact::Registration(Ok(())));
    }

    pub fn clock(&self) -> Now {
        Now {
            mono: self.now,
            wall: Wall(1_700_000_000_000).plus(self.now),
        }
    }

    pub fn command(&mut self, command: Command) {
        self.desk.handle_command(self.clock(), command);
        self.drain();
    }

    pub fn fact(&mut self, fact: Fact) {
        self.desk.handle_fact(self.clock(), fact);
        self.drain();
    }

    /// Lets time pass, serving each timer when it is due.
    pub fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(due) = self.desk.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.desk.handle_timeout(self.clock());
            self.drain();
        }
        self.now = end;
    }

    /// The centre tells a presence that is newer than all before.
    pub fn told(&mut self, presence: Presence, reason: PresenceReason) {
        let state = self.state(presence, reason);
        self.fact(Fact::Presence(state));
    }

    pub fn state(&mut self, presence: Presence, reason: PresenceReason) -> PresenceState {
        self.revision += 1;
        PresenceState {
            presence,
            reason,
            since: self.clock().wall,
            revision: self.revision,
        }
    }

    /// A queue call rings, with the centre counting the ring time.
    pub fn queue_call(&mut self) -> LegId {
        let offered = self.offer(Some(RING), true);
        let leg = offered.leg;
        self.fact(Fact::Offered(offered));
        leg
    }

    pub fn offer(&mut self, ring_left: Option<Duration>, from_queue: bool) -> Offered {
        let wall = self.clock().wall;
        Offered {
            call: CallId::mint(wall, &mut self.random),
            leg: LegId::mint(wall, &mut self.random),
            number: PhoneNumber::parse("12800550142").ok(),
            name: None,
            skill_group: from_queue.then(|| Text::new("售后服务", "After-sales")),
            ring_left,
            queued_since: Some(wall),
        }
    }

    /// A call of ours that is on its way.
    pub fn dialled(&mut self, number: &str) -> LegId {
        self.command(Command::Dial {
            number: number.into(),
        });
        self.view().calls.first().expect("a call").leg
    }

    /// A queue call that was answered and is live.
    pub fn live_call(&mut self) -> LegId {
        let leg = self.queue_call();
        self.command(Command::Answer { leg });
        self.fact(Fact::Connected { leg });
        leg
    }

    /// A call that was talked and is over: the desk is in wrap-up.
    pub fn talked(&mut self) -> WrapUpId {
        let leg = self.live_call();
        let wrap_up = self.call(leg).wrap_up;
        self.fact(Fact::Ended {
            leg,
            how: LegEnd::FarHungUp,
        });
        wrap_up
    }

    /// Start answering, and the centre confirms it.
    pub fn free(&mut self) {
        let presence = Presence::Ready;
        self.command(Command::StartAnswering { presence });
        self.told(presence, PresenceReason::ByHand);
    }

    pub fn edit(&mut self, wrap_up: WrapUpId, field: &str, text: &str) {
        self.command(Command::EditDraft {
            wrap_up,
            field: field.into(),
            value: FieldValue::Text(text.into()),
        });
    }

    pub fn view(&self) -> View {
        self.desk.view(self.clock())
    }

    pub fn call(&self, leg: LegId) -> CallView {
        self.view()
            .calls
            .into_iter()
            .find(|call| call.leg == leg)
            .expect("the call is on the desk")
    }

    pub fn form(&self, wrap_up: WrapUpId) -> WrapUpView {
        self.view()
            .wrap_ups
            .into_iter()
            .find(|form| form.id == wrap_up)
            .expect("the form is on the desk")
    }

    /// Takes what the desk asked for since the last time.
    pub fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.asked)
    }

    fn drain(&mut self) {
        while let Some(effect) = self.desk.poll_effect() {
            self.asked.push(effect);
        }
    }
}

pub fn form() -> FormDefinition {
    FormDefinition {
        version: 3,
        fields: vec![
            FieldDefinition {
                id: FieldId::from("summary"),
                label: Text::new("会话小结", "Call summary"),
                kind: FieldKind::LongText,
                required: true,
            },
            FieldDefinition {
                id: FieldId::from("note"),
                label: Text::new("备注", "Note"),
                kind: FieldKind::ShortText,
                required: false,
            },
        ],
    }
}
