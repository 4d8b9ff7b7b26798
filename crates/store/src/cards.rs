//! Customers' records: copies for when the centre does not answer, and the only ones where there is no centre.

use crate::{
    Store, StoreError,
    row::{from_json, json, readable, uuid},
    store::Opened,
};
use offhook_model::{CustomerCard, CustomerId, PhoneNumber};
use sqlx::sqlite::SqliteRow;

pub(crate) const CARDS: &str = "cards";

/// How many copies an agent's cache keeps; the one that was kept longest ago goes first.
const MOST: i64 = 2000;

impl Store {
    /// Keeps a copy of a customer's record, over its older self.
    ///
    /// # Errors
    /// What the disk said.
    pub async fn keep_card(&self, card: &CustomerCard) -> Result<(), StoreError> {
        self.write_card(card, false).await
    }

    /// Keeps a customer's record of which there is no other: it never makes room for copies.
    ///
    /// # Errors
    /// What the disk said.
    pub async fn keep_original_card(&self, card: &CustomerCard) -> Result<(), StoreError> {
        self.write_card(card, true).await
    }

    async fn write_card(&self, card: &CustomerCard, original: bool) -> Result<(), StoreError> {
        let opened = self.opened()?;
        let id = card.customer.id.0.as_bytes().as_slice();
        let (key, body) = opened.seal(CARDS, id, &json(card));
        let mark_key = &opened.keys[&key];

        let mut write = self.write().await?;
        sqlx::query("DELETE FROM cards WHERE agent_id = $1 AND customer = $2")
            .bind(opened.agent)
            .bind(id)
            .execute(&mut *write)
            .await?;
        let seq: i64 = sqlx::query_scalar(
            "INSERT INTO cards (agent_id, key_id, customer, body, original) VALUES ($1, $2, $3, $4, $5) RETURNING seq",
        )
        .bind(opened.agent)
        .bind(key)
        .bind(id)
        .bind(body)
        .bind(original)
        .fetch_one(&mut *write)
        .await?;
        for number in &card.customer.numbers {
            sqlx::query(
                "INSERT INTO card_numbers (card_seq, mark) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            )
            .bind(seq)
            .bind(mark_key.mark(number).as_slice())
            .execute(&mut *write)
            .await?;
        }
        sqlx::query(
            "DELETE FROM cards WHERE agent_id = $1 AND original = 0 AND seq <= \
             (SELECT seq FROM cards WHERE agent_id = $1 AND original = 0 ORDER BY seq DESC LIMIT 1 OFFSET $2)",
        )
        .bind(opened.agent)
        .bind(MOST)
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// Reads one customer's record.
    ///
    /// # Errors
    /// What the disk said; `Damaged` where it does not read.
    pub async fn card(&self, customer: CustomerId) -> Result<Option<CustomerCard>, StoreError> {
        let opened = self.opened()?;
        let row = sqlx::query(
            "SELECT seq, key_id, customer, body FROM cards WHERE agent_id = $1 AND customer = $2",
        )
        .bind(opened.agent)
        .bind(customer.0.as_bytes().as_slice())
        .fetch_optional(self.pool())
        .await?;
        match row {
            Some(row) => card(&opened, &row),
            None => Ok(None),
        }
    }

    /// Lists the records of every customer with exactly this number, the latest kept first.
    ///
    /// # Errors
    /// What the disk said. A damaged row is left out and named by [`Store::check`].
    pub async fn cards_by_number(
        &self,
        number: &PhoneNumber,
    ) -> Result<Vec<CustomerCard>, StoreError> {
        let opened = self.opened()?;
        let mut cards = Vec::new();
        for (id, key) in opened.keys.iter().rev() {
            let rows = sqlx::query(
                "SELECT seq, key_id, customer, body FROM cards JOIN card_numbers ON card_seq = seq \
                 WHERE agent_id = $1 AND key_id = $2 AND mark = $3 ORDER BY seq DESC",
            )
            .bind(opened.agent)
            .bind(id)
            .bind(key.mark(number).as_slice())
            .fetch_all(self.pool())
            .await?;
            for row in &rows {
                cards.extend(readable(card(&opened, row)).transpose()?);
            }
        }
        Ok(cards)
    }
}

/// Reads a row of `cards`.
pub(crate) fn card(opened: &Opened, row: &SqliteRow) -> Result<Option<CustomerCard>, StoreError> {
    let id = uuid(row, "customer")?;
    opened
        .unseal(CARDS, id.as_bytes(), row)?
        .map(|body| from_json(CARDS, &body))
        .transpose()
}
