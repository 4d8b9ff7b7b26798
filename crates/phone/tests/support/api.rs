//! The API side: the smallest HTTP server that a phone can sign in to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use offhook_model::{
    Activity, AgentId, ChoiceOption, Customer, CustomerCard, CustomerId, FieldDefinition, FieldId,
    FieldKind, FormDefinition, PhoneNumber, Presence, PresenceReason, PresenceState, Secret,
    SipTransport, SkillGroupId, Text, Wall,
    api::{
        AgentProfile, CustomerBody, Event, PresenceRequest, Role, SignInRequest, SignInResponse,
        SipAccount, SkillGroup, StartAnsweringRequest,
    },
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, broadcast, watch};
use uuid::Uuid;

/// A wrap-up, a profile or a ticket as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    pub path: String,
    pub key: String,
    /// `If-Match`, as written.
    pub version: Option<String>,
    pub body: Value,
    /// The status it was answered with.
    pub answered: u16,
}

#[derive(Default)]
struct Told {
    cards: Vec<CustomerCard>,
    /// Customers are asked for in vain.
    cards_fail: bool,
    /// Statuses to answer wrap-ups with, before 201.
    refuse: VecDeque<u16>,
    /// Statuses to answer profiles and tickets with, before 200.
    refuse_filed: VecDeque<u16>,
    /// What is given of any recording; it is forbidden where there is none.
    recording: Option<Vec<u8>>,
    revision: u64,
    /// Connections are closed without an answer.
    away: bool,
    /// The password that sign-in takes; any, where there is none.
    password: Option<String>,
}

/// The handle to it. Clones share it.
#[derive(Clone)]
pub struct Api {
    address: SocketAddr,
    sip: SocketAddr,
    told: Arc<Mutex<Told>>,
    events: broadcast::Sender<Event>,
    /// Nobody is there: connections are closed, and new ones at once.
    away: watch::Sender<bool>,
    /// Counts how often the event streams were broken off.
    breaks: watch::Sender<u32>,
    pub wrap_ups: watch::Sender<Vec<Received>>,
    /// Wrap-ups, profiles and tickets, in the order in which they came.
    pub filed: watch::Sender<Vec<Received>>,
    /// What was asked: method and path.
    pub asked: watch::Sender<Vec<String>>,
    /// After which event each stream was to go on.
    pub resumed: watch::Sender<Vec<Option<u64>>>,
    /// Sign-in waits for this, where it is set.
    pub hold_sign_in: Arc<Mutex<Option<Arc<Notify>>>>,
}

impl Api {
    pub async fn start(sip: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let api = Self {
            address: listener.local_addr().expect("an address"),
            sip,
            told: Arc::default(),
            events: broadcast::Sender::new(64),
            away: watch::Sender::default(),
            breaks: watch::Sender::default(),
            wrap_ups: watch::Sender::default(),
            filed: watch::Sender::default(),
            asked: watch::Sender::default(),
            resumed: watch::Sender::default(),
            hold_sign_in: Arc::default(),
        };
        let served = api.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let api = served.clone();
                let mut away = api.away.subscribe();
                tokio::spawn(async move {
                    tokio::select! {
                        biased;
                        _ = away.wait_for(|away| *away) => {}
                        () = api.serve(stream) => {}
                    }
                });
            }
        });
        api
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn knows(&self, cards: Vec<CustomerCard>) {
        self.told().cards = cards;
    }

    pub fn customers_fail(&self, fail: bool) {
        self.told().cards_fail = fail;
    }

    /// The next wrap-ups are answered with these statuses.
    pub fn refuse(&self, statuses: impl IntoIterator<Item = u16>) {
        self.told().refuse.extend(statuses);
    }

    /// The next profiles and tickets are answered with these statuses.
    pub fn refuse_filed(&self, statuses: impl IntoIterator<Item = u16>) {
        self.told().refuse_filed.extend(statuses);
    }

    pub fn records(&self, wav: Option<Vec<u8>>) {
        self.told().recording = wav;
    }

    /// Is away, or back: nobody gets an answer meanwhile.
    pub fn is_away(&self, away: bool) {
        self.told().away = away;
        if away {
            self.break_off();
        }
    }

    /// Takes this password alone from now on.
    pub fn takes_password(&self, password: &str) {
        self.told().password = Some(password.to_owned());
    }

    pub fn tell(&self, event: Event) {
        self.events.send(event).ok();
    }

    /// Breaks off every event stream; the phone takes it up again.
    pub fn break_off(&self) {
        self.breaks.send_modify(|breaks| *breaks += 1);
    }

    /// Goes away, or is there again.
    pub fn go_away(&self, away: bool) {
        self.away.send_replace(away);
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told
            .lock()
            .expect("no test panics while it holds this")
    }

    async fn serve(self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Some(request) = request(&mut stream).await {
            if self.told().away {
                return;
            }
            self.asked
                .send_modify(|asked| asked.push(format!("{} {}", request.method, request.path)));
            if request.path == "/v1/events" {
                self.resumed
                    .send_modify(|all| all.push(request.last_event_id));
                return self.stream_events(stream).await;
            }
            if request.path.starts_with("/v1/recordings/")
                && let Some(part) = self.part(&request)
            {
                if stream.get_mut().write_all(&part).await.is_err() {
                    return;
                }
                continue;
            }
            let (status, answer) = self.answer(&request).await;
            let body = answer.map(|answer| answer.to_string()).unwrap_or_default();
            let head = format!(
                "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            let written = stream.get_mut().write_all((head + &body).as_bytes()).await;
            if written.is_err() {
                return;
            }
        }
    }

    /// The part of the recording that is asked for.
    fn part(&self, request: &Request) -> Option<Vec<u8>> {
        let told = self.told();
        let wav = told.recording.as_ref()?;
        let (first, last) = request.range.strip_prefix("bytes=")?.split_once('-')?;
        let first: usize = first.parse().ok()?;
        let end = (last.parse::<usize>().ok()? + 1).min(wav.len());
        let head = format!(
            "HTTP/1.1 206 X\r\nContent-Range: bytes {first}-{}/{}\r\nContent-Length: {}\r\n\r\n",
            end - 1,
            wav.len(),
            end - first
        );
        Some([head.as_bytes(), wav.get(first..end)?].concat())
    }

    async fn answer(&self, request: &Request) -> (u16, Option<Value>) {
        let body = request.body.as_slice();
        let route = request.path.split('?').next().unwrap_or_default();
        match (request.method.as_str(), route) {
            ("POST", "/v1/sessions") => {
                let hold = self.hold_sign_in.lock().expect("not poisoned").clone();
                if let Some(hold) = hold {
                    hold.notified().await;
                }
                let asked: SignInRequest = serde_json::from_slice(body).expect("a body");
                let right = self.told().password.clone();
                if right.is_some_and(|right| right != asked.password.expose()) {
                    return problem(401, "wrong_password");
                }
                (201, Some(to_json(&self.sign_in())))
            }
            ("PUT", "/v1/presence") => {
                let wish: PresenceRequest = serde_json::from_slice(body).expect("a body");
                (200, Some(to_json(&self.presence(wish.presence))))
            }
            ("POST", "/v1/start-answering") => {
                let wish: StartAnsweringRequest = serde_json::from_slice(body).expect("a body");
                let state = self.presence(wish.presence);
                self.tell(Event::Activity {
                    activity: Activity::Free,
                    until: None,
                });
                (200, Some(to_json(&state)))
            }
            ("GET", "/v1/customers") => {
                let told = self.told();
                if told.cards_fail {
                    problem(503, "centre_failed")
                } else {
                    (200, Some(to_json(&told.cards)))
                }
            }
            ("GET", route) if route.starts_with("/v1/recordings/") => problem(403, "forbidden"),
            ("GET", "/v1/health") => (200, Some(json!({ "version": "0.1.0" }))),
            ("GET", "/v1/legs") => (200, Some(json!([]))),
            ("PUT", route) if route.starts_with("/v1/wrap-ups/") => {
                let answered = self.told().refuse.pop_front().unwrap_or(201);
                let received = request.received(answered);
                self.filed.send_modify(|all| all.push(received.clone()));
                self.wrap_ups.send_modify(|all| all.push(received));
                match answered {
                    201 => {
                        let id = route.trim_start_matches("/v1/wrap-ups/");
                        (201, Some(json!({ "wrap_up": id, "received_at": 1 })))
                    }
                    409 => problem(409, "conflict"),
                    status => problem(status, "centre_failed"),
                }
            }
            ("PUT", route)
                if route.starts_with("/v1/customers/") || route.starts_with("/v1/tickets/") =>
            {
                let answered = self.told().refuse_filed.pop_front().unwrap_or(200);
                self.filed
                    .send_modify(|all| all.push(request.received(answered)));
                match answered {
                    200 => (200, Some(self.file(route, body))),
                    409 => self.conflict(route),
                    400 => problem(400, "malformed"),
                    status => problem(status, "centre_failed"),
                }
            }
            _ => (204, None),
        }
    }

    /// Says how the record stands, where it is one the centre has.
    fn conflict(&self, route: &str) -> (u16, Option<Value>) {
        let id = route.rsplit('/').next().unwrap_or_default();
        let cards = &self.told().cards;
        let current = cards.iter().find(|card| card.customer.id.to_string() == id);
        let mut body = json!({ "code": "conflict", "title": "told so", "status": 409 });
        if let Some(card) = current {
            body["current"] = to_json(&card.customer);
        }
        (409, Some(body))
    }

    /// Takes a profile or a ticket over and says what the centre says.
    fn file(&self, route: &str, body: &[u8]) -> Value {
        let id = route.rsplit('/').next().unwrap_or_default();
        if route.starts_with("/v1/tickets/") {
            return json!({ "ticket": id, "reference": "TK-1", "received_at": 1 });
        }
        let id = CustomerId(id.parse().expect("an id"));
        let body: CustomerBody = serde_json::from_slice(body).expect("a profile");
        let cards = &mut self.told().cards;
        let at = cards.iter().position(|card| card.customer.id == id);
        let mut card = match at {
            Some(at) => cards.remove(at),
            None => CustomerCard {
                customer: Customer {
                    id,
                    reference: "C-9".into(),
                    name: String::new(),
                    numbers: Vec::new(),
                    home: None,
                    tags: Vec::new(),
                    fields: Vec::new(),
                    version: 0,
                },
                calls: Vec::new(),
                tickets: Vec::new(),
                records: Vec::new(),
            },
        };
        card.customer.name = body.name;
        card.customer.numbers = body.numbers;
        card.customer.tags = body.tags;
        card.customer.version += 1;
        cards.push(card.clone());
        to_json(&card.customer)
    }

    async fn stream_events(&self, mut stream: BufReader<TcpStream>) {
        let mut live = self.events.subscribe();
        let mut broken = self.breaks.subscribe();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
        let first = Event::Queues { queues: Vec::new() };
        let mut next = Some((head.to_owned(), first));
        let mut id = 0;
        while let Some((head, event)) = next {
            id += 1;
            let text = format!("{head}id: {id}\ndata: {}\n\n", to_json(&event));
            if stream.get_mut().write_all(text.as_bytes()).await.is_err() {
                return;
            }
            next = tokio::select! {
                event = live.recv() => event.ok().map(|event| (String::new(), event)),
                _ = broken.changed() => None,
            };
        }
    }

    fn presence(&self, presence: Presence) -> PresenceState {
        let mut told = self.told();
        told.revision += 1;
        PresenceState {
            presence,
            reason: PresenceReason::ByHand,
            since: Wall(1),
            revision: told.revision,
        }
    }

    fn sign_in(&self) -> SignInResponse {
        SignInResponse {
            token: Secret::new("TOKEN-5513"),
            agent: AgentProfile {
                id: AgentId(Uuid::from_u128(1)),
                name: "林晓峰".into(),
                extension: "1001".into(),
                role: Role::Agent,
                skill_groups: vec![SkillGroup {
                    id: SkillGroupId(Uuid::from_u128(2)),
                    name: Text::new("售后服务", "After-sales"),
                }],
                listen_recordings: true,
            },
            sip: Some(SipAccount {
                aor: "sip:1001@centre.test".into(),
                auth_user: "1001".into(),
                password: Secret::new("SIP-PASSWORD"),
                registrar: self.sip.to_string(),
                transport: SipTransport::Udp,
            }),
            presence: self.presence(Presence::CheckedOut),
            activity: Activity::Free,
            ring_seconds: 30,
            wrap_up_seconds: None,
            form: form(),
            caller_ids: PhoneNumber::parse("057115550100").into_iter().collect(),
        }
    }
}

fn form() -> FormDefinition {
    FormDefinition {
        version: 3,
        fields: vec![
            FieldDefinition {
                id: FieldId::from("summary"),
                label: Text::new("小结", "Summary"),
                kind: FieldKind::LongText,
                required: true,
            },
            FieldDefinition {
                id: FieldId::from("disposition"),
                label: Text::new("业务类型", "Disposition"),
                kind: FieldKind::Choice {
                    options: vec![ChoiceOption {
                        id: "other".into(),
                        label: Text::new("其他", "Other"),
                    }],
                },
                required: false,
            },
        ],
    }
}

fn problem(status: u16, code: &str) -> (u16, Option<Value>) {
    let body = json!({ "code": code, "title": "told so", "status": status });
    (status, Some(body))
}

fn to_json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("it is plain")
}

/// One request.
#[derive(Default)]
struct Request {
    method: String,
    path: String,
    key: String,
    version: Option<String>,
    range: String,
    last_event_id: Option<u64>,
    body: Vec<u8>,
}

impl Request {
    fn received(&self, answered: u16) -> Received {
        Received {
            path: self.path.clone(),
            key: self.key.clone(),
            version: self.version.clone(),
            body: serde_json::from_slice(&self.body).expect("a body"),
            answered,
        }
    }
}

async fn request(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|n| *n > 0)?;
    let mut words = line.split_ascii_whitespace();
    let mut request = Request {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        ..Request::default()
    };
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim().split_once(':') else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "idempotency-key" => request.key = value.trim().to_owned(),
            "last-event-id" => request.last_event_id = value.trim().parse().ok(),
            "if-match" => request.version = Some(value.trim().to_owned()),
            "range" => request.range = value.trim().to_owned(),
            "content-length" => length = value.trim().parse().ok()?,
            _ => {}
        }
    }
    request.body = vec![0; length];
    stream.read_exact(&mut request.body).await.ok()?;
    Some(request)
}
