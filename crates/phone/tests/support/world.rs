//! An agent at work: a profile, a registrar, a small centre, and the phone that is signed in to both.

use offhook_desk::Command;
use offhook_model::{
    Activity, Customer, CustomerCard, CustomerId, FieldId, FieldValue, PhoneNumber, WrapUpId,
};
use offhook_phone::{Answer, CallRow, Query};
use uuid::Uuid;

use super::{Api, Caller, Desk, Registrar};

pub const NUMBER: &str = "12800550142";

/// The caller of the `n`th call, with the centre's headers.
pub fn caller(n: u128) -> Caller {
    let header = |name: &str, value: String| (name.to_owned(), value);
    Caller {
        number: NUMBER.into(),
        name: "陈雨桐".into(),
        headers: vec![
            header("X-Offhook-Call", Uuid::from_u128(n).to_string()),
            header("X-Offhook-Leg", Uuid::from_u128(n + 1000).to_string()),
            header("X-Offhook-Ring-Left", "30000".into()),
            header("X-Offhook-Queued", "5000".into()),
            header(
                "X-Offhook-Skill-Group",
                "%E5%94%AE%E5%90%8E%E6%9C%8D%E5%8A%A1;After-sales".into(),
            ),
        ],
    }
}

/// What the centre has of them.
pub fn card() -> CustomerCard {
    CustomerCard {
        customer: Customer {
            id: CustomerId(Uuid::from_u128(104_882)),
            reference: "C-104882".into(),
            name: "陈雨桐".into(),
            numbers: vec![PhoneNumber::parse(NUMBER).expect("a number")],
            home: None,
            tags: Vec::new(),
            fields: Vec::new(),
            version: 1,
        },
        calls: Vec::new(),
        tickets: Vec::new(),
        records: Vec::new(),
    }
}

/// Everything around the phone.
pub struct World {
    pub home: tempfile::TempDir,
    pub registrar: Registrar,
    pub api: Api,
    pub desk: Desk,
}

/// Somebody is signed in and Ready.
pub async fn ready() -> World {
    let home = tempfile::tempdir().expect("a folder");
    let registrar = Registrar::start().await;
    let api = Api::start(registrar.address).await;
    api.knows(vec![card()]);
    let mut desk = Desk::open(home.path()).await;
    desk.sign_in(&api).await;
    desk.check_in().await;
    World {
        home,
        registrar,
        api,
        desk,
    }
}

impl World {
    /// A call that was taken, talked and ended by the customer; its form.
    pub async fn talked(&mut self, n: u128) -> WrapUpId {
        let call = self.registrar.call(caller(n)).await;
        let offered = self.desk.until_offered().await;
        self.desk.send(Command::Answer { leg: offered.leg }).await;
        self.desk.until_live().await;
        self.registrar.hang_up(call, None).await;
        self.desk
            .until("wrap-up", |view| view.activity == Activity::WrapUp)
            .await;
        offered.wrap_up
    }

    pub async fn write(&self, wrap_up: WrapUpId, text: &str) {
        self.desk.write(wrap_up, text).await;
    }

    pub async fn rows(&self) -> Vec<CallRow> {
        match self.desk.phone.query(Query::Calls).await {
            Ok(Answer::Calls { rows }) => rows,
            other => panic!("no rows: {other:?}"),
        }
    }
}
