//! Stores in folders of their own, and keyrings that behave as told.

// Each test file uses its own part of this.
#![allow(dead_code)]

use offhook_model::{
    CallId, Code, Customer, CustomerCard, CustomerId, Direction, LegId, LegOutcome, LegRecord,
    PhoneNumber, Secret, Wall, WrapUpId,
};
use offhook_store::{DraftRow, KeyRing, OutboxItem, SecretService, Store};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
};
use tempfile::TempDir;
use uuid::Uuid;

pub mod day;

pub const LIN: &str = "lin@centre.example";
pub const ZHOU: &str = "zhou@centre.example";

pub fn home() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

pub fn password() -> Secret {
    Secret::new("practice")
}

/// A store that Lin has unlocked by password.
pub async fn unlocked(home: &Path) -> Store {
    let store = locked(home).await;
    store
        .unlock_with_password(LIN, &password())
        .await
        .expect("unlocked");
    store
}

pub async fn locked(home: &Path) -> Store {
    Store::open_with(&home.join("profile"), KeyRing::Absent)
        .await
        .expect("a store")
}

/// The file, past the store: what a person with an editor could do.
pub async fn file(home: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(home.join("profile/store.sqlite"));
    SqliteConnection::connect_with(&options)
        .await
        .expect("the file")
}

pub fn wrap_up(n: u128) -> WrapUpId {
    WrapUpId(Uuid::from_u128(n))
}

pub fn draft(n: u128, edit: u64, text: &str) -> DraftRow {
    DraftRow {
        wrap_up: wrap_up(n),
        edit,
        body: text.into(),
    }
}

pub fn item(n: u128, customer: Option<u128>) -> OutboxItem {
    OutboxItem {
        id: Uuid::from_u128(1000 + n),
        wrap_up: wrap_up(n),
        customer: customer.map(|id| CustomerId(Uuid::from_u128(id))),
        kind: "wrap_up".into(),
        version: 1,
        submitted_at: Wall(100 + i64::try_from(n).expect("small")),
        body: format!("body {n}").into(),
    }
}

pub fn number(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text).expect("a number")
}

pub fn leg(n: u128, offered_at: i64) -> LegRecord {
    LegRecord {
        leg: LegId(Uuid::from_u128(n)),
        call: CallId(Uuid::from_u128(n)),
        direction: Direction::Inbound,
        number: Some(number("12800550142")),
        customer: None,
        skill_group: None,
        offered_at: Wall(offered_at),
        answered_at: None,
        ended_at: None,
        outcome: Some(LegOutcome::RingNoAnswer),
        recording: None,
    }
}

pub fn card(n: u128, name: &str, numbers: &[&str]) -> CustomerCard {
    CustomerCard {
        customer: Customer {
            id: CustomerId(Uuid::from_u128(n)),
            reference: format!("C-{n}"),
            name: name.into(),
            numbers: numbers.iter().map(|text| number(text)).collect(),
            home: None,
            tags: vec![],
            fields: vec![],
            version: 1,
        },
        calls: vec![],
        tickets: vec![],
        records: vec![],
    }
}

pub const REFUSED: Code = Code::Malformed;

/// A keyring in memory.
#[derive(Clone, Default)]
pub struct Drawer {
    entries: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    always: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Drawer {
    pub fn ring(&self) -> KeyRing {
        KeyRing::Custom(Arc::new(self.clone()))
    }

    /// Has this secret for whoever asks.
    pub fn always(&self, secret: &[u8]) {
        *self.always.lock().expect("whole") = Some(secret.into());
    }

    pub fn entries(&self) -> usize {
        self.entries.lock().expect("whole").len()
    }

    pub fn spoil(&self) {
        for secret in self.entries.lock().expect("whole").values_mut() {
            secret.truncate(3);
        }
    }

    pub fn empty(&self) {
        self.entries.lock().expect("whole").clear();
    }
}

impl SecretService for Drawer {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let always = self.always.lock().expect("whole").clone();
        Ok(always.or_else(|| self.entries.lock().expect("whole").get(name).cloned()))
    }

    fn write(&self, name: &str, secret: &[u8]) -> Result<(), String> {
        let mut entries = self.entries.lock().expect("whole");
        entries.insert(name.into(), secret.into());
        Ok(())
    }
}

/// A keyring that waits for a person: it answers when the person comes.
pub struct Dialog {
    person: Mutex<Receiver<()>>,
    drawer: Drawer,
}

impl Dialog {
    pub fn over(drawer: &Drawer) -> (Sender<()>, KeyRing) {
        let (person, waits) = channel();
        let dialog = Self {
            person: Mutex::new(waits),
            drawer: drawer.clone(),
        };
        (person, KeyRing::Custom(Arc::new(dialog)))
    }

    fn wait(&self) -> Result<(), String> {
        let person = self.person.lock().expect("whole");
        person.recv().map_err(|_| "nobody came".to_owned())
    }
}

impl SecretService for Dialog {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        self.wait()?;
        self.drawer.read(name)
    }

    fn write(&self, name: &str, secret: &[u8]) -> Result<(), String> {
        self.wait()?;
        self.drawer.write(name, secret)
    }
}

/// A keyring whose library falls over.
pub struct Broken;

impl SecretService for Broken {
    fn read(&self, _: &str) -> Result<Option<Vec<u8>>, String> {
        panic!("as some do")
    }

    fn write(&self, _: &str, _: &[u8]) -> Result<(), String> {
        Err("read-only".into())
    }
}
