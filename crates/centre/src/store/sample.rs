//! The practice centre's people, customers and history, in Chinese and English, from `sample/practice.json`.

use super::accounts::insert_secret;
use super::customers::match_key;
use super::words::word;
use super::{Store, StoreError};
use crate::password;
use offhook_model::api::Role;
use offhook_model::{
    AgentId, Direction, LegOutcome, PhoneNumber, ProfileField, Secret, ServiceKind, Text,
    TicketState, Wall,
};
use serde::Deserialize;
use sqlx::SqliteConnection;
use uuid::Uuid;

#[derive(Deserialize)]
struct Sample {
    password: Secret,
    device_password: Secret,
    skill_groups: Vec<SampleGroup>,
    accounts: Vec<SampleAccount>,
    customers: Vec<SampleCustomer>,
}

#[derive(Deserialize)]
struct SampleGroup {
    number: String,
    name: Text,
}

#[derive(Deserialize)]
struct SampleAccount {
    username: String,
    name: String,
    extension: Option<String>,
    role: Role,
    groups: Vec<String>,
    caller_ids: Vec<PhoneNumber>,
    listen_recordings: bool,
}

#[derive(Deserialize)]
struct SampleCustomer {
    reference: String,
    name: String,
    numbers: Vec<PhoneNumber>,
    home: Option<Text>,
    tags: Vec<String>,
    fields: Vec<ProfileField>,
    calls: Vec<SampleCall>,
    tickets: Vec<SampleTicket>,
    records: Vec<SampleRecord>,
    /// The number of the skill group whose agents alone may see it.
    #[serde(default)]
    only: Option<String>,
}

/// Days before today (negative: ahead), and the time of day in China.
#[derive(Deserialize)]
struct When(i64, String);

#[derive(Deserialize)]
struct SampleCall {
    at: When,
    direction: Direction,
    agent: Option<String>,
    outcome: LegOutcome,
    talk_seconds: u32,
    summary: String,
}

#[derive(Deserialize)]
struct SampleTicket {
    reference: String,
    title: String,
    state: TicketState,
    opened: When,
    due: Option<When>,
}

#[derive(Deserialize)]
struct SampleRecord {
    kind: ServiceKind,
    title: String,
    at: When,
    by: String,
    #[serde(default)]
    link: Option<String>,
}

/// Calls of the last days are this centre's own where one of its agents had them.
const OWN_DAYS: i64 = 7;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

impl When {
    /// The moment it means; one of today that is still to come is told of yesterday.
    fn wall(&self, now: Wall) -> i64 {
        let (hours, minutes) = self.1.split_once(':').unwrap_or((&self.1, "0"));
        let time = hours.parse().unwrap_or(0) * HOUR + minutes.parse().unwrap_or(0) * 60_000;
        let midnight = (now.0 + 8 * HOUR).div_euclid(DAY) * DAY - 8 * HOUR;
        let at = midnight - self.0 * DAY + time;
        if self.0 >= 0 && at > now.0 {
            at - DAY
        } else {
            at
        }
    }
}

/// The id of a sample row: the same in every practice centre.
fn sample_id(kind: &str, name: &str) -> Uuid {
    Uuid::new_v5(
        &Uuid::NAMESPACE_OID,
        format!("offhook practice {kind} {name}").as_bytes(),
    )
}

impl Store {
    /// Fills an empty store with the practice centre; one that has accounts is left as it is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_sample_data(&self, now: Wall) -> Result<(), StoreError> {
        let accounts: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM accounts")
            .fetch_one(&self.pool)
            .await?;
        if accounts > 0 {
            return Ok(());
        }
        let sample: Sample = serde_json::from_str(include_str!("../../sample/practice.json"))?;
        let secret = sample.password.clone();
        let password_hash = tokio::task::spawn_blocking(move || password::hash(&secret))
            .await
            .map_err(|_| StoreError::Hash)??;
        let mut tx = self.write().await?;
        for group in &sample.skill_groups {
            sqlx::query(
                "INSERT INTO skill_groups (id, number, name_zh, name_en) VALUES ($1, $2, $3, $4)",
            )
            .bind(sample_id("skill group", &group.number).to_string())
            .bind(&group.number)
            .bind(&group.name.zh)
            .bind(&group.name.en)
            .execute(&mut *tx)
            .await?;
        }
        for account in &sample.accounts {
            add_account(
                &mut tx,
                account,
                &password_hash,
                &sample.device_password,
                now,
            )
            .await?;
        }
        for customer in &sample.customers {
            add_customer(&mut tx, customer, &sample, now).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

async fn add_account(
    tx: &mut SqliteConnection,
    account: &SampleAccount,
    password_hash: &str,
    device_password: &Secret,
    now: Wall,
) -> Result<(), StoreError> {
    let id = sample_id("account", &account.username);
    sqlx::query(
        "INSERT INTO accounts (id, username, name, role, extension, password_hash, presence_since, listen_recordings)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(id.to_string())
    .bind(&account.username)
    .bind(&account.name)
    .bind(word(&account.role)?)
    .bind(&account.extension)
    .bind(password_hash)
    .bind(now.0)
    .bind(account.listen_recordings)
    .execute(&mut *tx)
    .await?;
    for group in &account.groups {
        sqlx::query("INSERT INTO memberships (agent, skill_group) VALUES ($1, $2)")
            .bind(id.to_string())
            .bind(sample_id("skill group", group).to_string())
            .execute(&mut *tx)
            .await?;
    }
    for (position, number) in (0i64..).zip(&account.caller_ids) {
        sqlx::query("INSERT INTO caller_ids (agent, position, number) VALUES ($1, $2, $3)")
            .bind(id.to_string())
            .bind(position)
            .bind(number.as_str())
            .execute(&mut *tx)
            .await?;
    }
    if let Some(extension) = &account.extension {
        let secret = password::sip_secret(AgentId(id), extension.clone(), device_password);
        insert_secret(tx, &secret, None).await?;
    }
    Ok(())
}

async fn add_past_call(
    tx: &mut SqliteConnection,
    customer: &str,
    call: &SampleCall,
    now: Wall,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO past_calls (customer, at, direction, agent, outcome, talk_seconds, summary)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(customer)
    .bind(call.at.wall(now))
    .bind(word(&call.direction)?)
    .bind(&call.agent)
    .bind(word(&call.outcome)?)
    .bind(call.talk_seconds)
    .bind(&call.summary)
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// A leg of an agent of this centre, with the summary they wrote.
async fn add_own_call(
    tx: &mut SqliteConnection,
    customer: &SampleCustomer,
    call: &SampleCall,
    agent: &SampleAccount,
    groups: &[SampleGroup],
    now: Wall,
) -> Result<(), StoreError> {
    const RANG: i64 = 6_000;
    let offered = call.at.wall(now);
    let name = format!("{} {offered}", customer.reference);
    let (leg, call_id) = (
        sample_id("leg", &name).to_string(),
        sample_id("call", &name).to_string(),
    );
    let agent_id = sample_id("account", &agent.username).to_string();
    let customer_id = sample_id("customer", &customer.reference).to_string();
    let group = match call.direction {
        Direction::Inbound => groups
            .iter()
            .find(|group| agent.groups.contains(&group.number)),
        Direction::Outbound => None,
    };
    let answered = (call.outcome == LegOutcome::Connected).then_some(offered + RANG);
    let ended = answered.unwrap_or(offered + RANG) + i64::from(call.talk_seconds) * 1_000;
    sqlx::query(
        "INSERT INTO legs (id, call, agent, direction, number, customer, skill_group_zh, skill_group_en, offered_at,
           answered_at, ended_at, outcome)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(&leg)
    .bind(&call_id)
    .bind(&agent_id)
    .bind(word(&call.direction)?)
    .bind(customer.numbers.first().map(PhoneNumber::as_str))
    .bind(&customer_id)
    .bind(group.map(|group| group.name.zh.as_str()))
    .bind(group.map(|group| group.name.en.as_str()))
    .bind(offered)
    .bind(answered)
    .bind(ended)
    .bind(word(&call.outcome)?)
    .execute(&mut *tx)
    .await?;
    if call.summary.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO wrap_ups (id, agent, call, customer, legs, form_version, form_values, submitted_at, received_at)
         VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $7)",
    )
    .bind(sample_id("wrap-up", &name).to_string())
    .bind(&agent_id)
    .bind(&call_id)
    .bind(&customer_id)
    .bind(serde_json::to_string(&[&leg])?)
    .bind(serde_json::to_string(&serde_json::json!({ "summary": call.summary }))?)
    .bind(ended)
    .execute(&mut *tx)
    .await?;
    Ok(())
}

async fn add_customer(
    tx: &mut SqliteConnection,
    customer: &SampleCustomer,
    sample: &Sample,
    now: Wall,
) -> Result<(), StoreError> {
    let id = sample_id("customer", &customer.reference).to_string();
    sqlx::query(
        "INSERT INTO customers (id, reference, name, home_zh, home_en, tags, fields, skill_group)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&id)
    .bind(&customer.reference)
    .bind(&customer.name)
    .bind(customer.home.as_ref().map(|home| home.zh.as_str()))
    .bind(customer.home.as_ref().map(|home| home.en.as_str()))
    .bind(serde_json::to_string(&customer.tags)?)
    .bind(serde_json::to_string(&customer.fields)?)
    .bind(
        customer
            .only
            .as_deref()
            .map(|group| sample_id("skill group", group).to_string()),
    )
    .execute(&mut *tx)
    .await?;
    for (position, number) in (0i64..).zip(&customer.numbers) {
        sqlx::query(
            "INSERT INTO customer_numbers (customer, position, number, match_key) VALUES ($1, $2, $3, $4)",
        )
        .bind(&id)
        .bind(position)
        .bind(number.as_str())
        .bind(match_key(number))
        .execute(&mut *tx)
        .await?;
    }
    for call in &customer.calls {
        let colleague = sample
            .accounts
            .iter()
            .find(|account| call.agent.as_ref() == Some(&account.name));
        match colleague {
            // What our own agents did lately stands in their call lists, too.
            Some(agent) if call.at.0 < OWN_DAYS => {
                add_own_call(tx, customer, call, agent, &sample.skill_groups, now).await?;
            }
            Some(_) | None => add_past_call(tx, &id, call, now).await?,
        }
    }
    for ticket in &customer.tickets {
        sqlx::query(
            "INSERT INTO tickets (reference, customer, title, state, opened_at, due_at) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(&ticket.reference)
        .bind(&id)
        .bind(&ticket.title)
        .bind(word(&ticket.state)?)
        .bind(ticket.opened.wall(now))
        .bind(ticket.due.as_ref().map(|due| due.wall(now)))
        .execute(&mut *tx)
        .await?;
    }
    for record in &customer.records {
        sqlx::query(
            "INSERT INTO service_records (customer, kind, title, at, by_whom, link) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(&id)
        .bind(word(&record.kind)?)
        .bind(&record.title)
        .bind(record.at.wall(now))
        .bind(&record.by)
        .bind(&record.link)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}
