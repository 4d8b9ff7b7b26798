//! 客户资料 as agents write it: new records, and changes of the version they read.

use super::customers::{find, match_key};
use super::idempotency::{Key, Put, keep, repeated};
use super::rights::is_open_to;
use super::{Store, StoreError};
use offhook_model::api::CustomerBody;
use offhook_model::{Customer, CustomerId, Wall};
use sqlx::SqliteConnection;

/// Why a profile was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileRefusal {
    /// There is no such record to change.
    NotThere,
    /// The record is kept for other agents.
    NotTheirs,
    /// The record has another version than the one that was read, or is there already. This is how it stands.
    Conflict(Box<Customer>),
}

impl Store {
    /// Makes a record, or changes `version` of one, and keeps the answer to the key, in one transaction.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_customer(
        &self,
        key: &Key,
        id: CustomerId,
        version: Option<u64>,
        body: &CustomerBody,
        now: Wall,
    ) -> Result<Put<ProfileRefusal>, StoreError> {
        let mut tx = self.write().await?;
        if let Some(put) = repeated(&mut tx, key).await? {
            return Ok(put);
        }
        if !is_open_to(&mut tx, key.account, id).await? {
            return Ok(Put::Refused(ProfileRefusal::NotTheirs));
        }
        let row = id.to_string();
        let status = match (version, find(&mut tx, &row).await?) {
            (Some(_), None) => return Ok(Put::Refused(ProfileRefusal::NotThere)),
            (Some(version), Some(current)) if version == current.version => {
                change(&mut tx, &current, body).await?;
                200
            }
            (_, Some(current)) => {
                return Ok(Put::Refused(ProfileRefusal::Conflict(Box::new(current))));
            }
            (None, None) => {
                make(&mut tx, &row, body).await?;
                201
            }
        };
        put_numbers(&mut tx, &row, body).await?;
        let answer = serde_json::to_string(&find(&mut tx, &row).await?)?;
        keep(&mut tx, key, status, &answer, now).await?;
        tx.commit().await?;
        Ok(Put::Kept { status, answer })
    }
}

async fn make(tx: &mut SqliteConnection, id: &str, body: &CustomerBody) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO customers (id, reference, name, tags, fields)
         SELECT $1, 'C-' || (1 + COALESCE(MAX(CAST(SUBSTR(reference, 3) AS INTEGER)), 100000)), $2, $3, $4 FROM customers",
    )
    .bind(id)
    .bind(body.name.trim())
    .bind(serde_json::to_string(&body.tags)?)
    .bind(serde_json::to_string(&body.fields)?)
    .execute(tx)
    .await?;
    Ok(())
}

async fn change(
    tx: &mut SqliteConnection,
    current: &Customer,
    body: &CustomerBody,
) -> Result<(), StoreError> {
    // Where another main number is at home is not known here.
    let moved = current.numbers.first().map(match_key) != body.numbers.first().map(match_key);
    sqlx::query(
        "UPDATE customers SET name = $2, tags = $3, fields = $4, version = version + 1,
           home_zh = CASE WHEN $5 THEN NULL ELSE home_zh END, home_en = CASE WHEN $5 THEN NULL ELSE home_en END
         WHERE id = $1",
    )
    .bind(current.id.to_string())
    .bind(body.name.trim())
    .bind(serde_json::to_string(&body.tags)?)
    .bind(serde_json::to_string(&body.fields)?)
    .bind(moved)
    .execute(tx)
    .await?;
    Ok(())
}

async fn put_numbers(
    tx: &mut SqliteConnection,
    id: &str,
    body: &CustomerBody,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM customer_numbers WHERE customer = $1")
        .bind(id)
        .execute(&mut *tx)
        .await?;
    for (position, number) in (0i64..).zip(&body.numbers) {
        sqlx::query(
            "INSERT INTO customer_numbers (customer, position, number, match_key) VALUES ($1, $2, $3, $4)",
        )
        .bind(id)
        .bind(position)
        .bind(number.as_str())
        .bind(match_key(number))
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}
