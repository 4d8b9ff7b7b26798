//! 客户资料: who calls, with what happened before.

use super::accounts::parse_id;
use super::words::unword;
use super::{Store, StoreError};
use offhook_model::{
    Customer, CustomerCard, CustomerId, CustomerName, PastCall, PastTicket, PhoneNumber,
    ServiceRecord, Text, Wall,
};
use sqlx::{Row, SqliteConnection};

/// How many entries of each kind a card holds.
const CARD_ROWS: u32 = 50;

impl Store {
    /// Finds every customer with this number, with their history.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cards(&self, number: &PhoneNumber) -> Result<Vec<CustomerCard>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT c.id FROM customer_numbers n JOIN customers c ON c.id = n.customer
             WHERE n.match_key = $1 ORDER BY c.reference",
        )
        .bind(match_key(number))
        .fetch_all(&self.pool)
        .await?;
        let mut cards = Vec::with_capacity(ids.len());
        let mut connection = self.pool.acquire().await?;
        for id in &ids {
            if let Some(customer) = find(&mut connection, id).await? {
                cards.push(self.card_of(customer).await?);
            }
        }
        Ok(cards)
    }

    /// Finds one customer, with their history.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn card(&self, id: CustomerId) -> Result<Option<CustomerCard>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        match find(&mut connection, &id.to_string()).await? {
            Some(customer) => Ok(Some(self.card_of(customer).await?)),
            None => Ok(None),
        }
    }

    async fn card_of(&self, customer: Customer) -> Result<CustomerCard, StoreError> {
        let id = customer.id.to_string();
        Ok(CustomerCard {
            customer,
            calls: self.past_calls(&id).await?,
            tickets: self.tickets(&id).await?,
            records: self.service_records(&id).await?,
        })
    }

    /// Names the customer of a number, where there is exactly one.
    pub(super) async fn only_customer(
        &self,
        number: &PhoneNumber,
    ) -> Result<Option<CustomerName>, StoreError> {
        let rows = sqlx::query(
            "SELECT DISTINCT c.id, c.name FROM customer_numbers n JOIN customers c ON c.id = n.customer
             WHERE n.match_key = $1 LIMIT 2",
        )
        .bind(match_key(number))
        .fetch_all(&self.pool)
        .await?;
        match rows.as_slice() {
            [row] => Ok(Some(CustomerName {
                id: CustomerId(parse_id(row.try_get("id")?)?),
                name: row.try_get("name")?,
            })),
            _ => Ok(None),
        }
    }

    /// Calls taken over from before and this centre's own, with the summary their agent wrote.
    async fn past_calls(&self, id: &str) -> Result<Vec<PastCall>, StoreError> {
        sqlx::query(
            "SELECT at, direction, agent, outcome, talk_seconds, summary FROM past_calls WHERE customer = $1
             UNION ALL
             SELECT l.offered_at, l.direction, a.name, l.outcome,
               CASE WHEN l.answered_at IS NULL THEN 0 ELSE MAX(0, l.ended_at - l.answered_at) / 1000 END,
               COALESCE((SELECT json_extract(w.form_values, '$.summary') FROM wrap_ups w
                 WHERE w.call = l.call AND w.agent = l.agent ORDER BY w.received_at DESC LIMIT 1), '')
             FROM legs l JOIN accounts a ON a.id = l.agent
             WHERE l.customer = $1 AND l.ended_at IS NOT NULL AND l.outcome IS NOT NULL
             ORDER BY 1 DESC LIMIT $2",
        )
        .bind(id)
        .bind(CARD_ROWS)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            Ok(PastCall {
                at: Wall(row.try_get(0)?),
                direction: unword(row.try_get(1)?)?,
                agent: row.try_get(2)?,
                outcome: unword(row.try_get(3)?)?,
                talk_seconds: row.try_get(4)?,
                summary: row.try_get(5)?,
            })
        })
        .collect()
    }

    async fn tickets(&self, id: &str) -> Result<Vec<PastTicket>, StoreError> {
        sqlx::query(
            "SELECT reference, title, state, opened_at, due_at FROM tickets WHERE customer = $1
             ORDER BY state = 'closed', COALESCE(due_at, opened_at), reference LIMIT $2",
        )
        .bind(id)
        .bind(CARD_ROWS)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            Ok(PastTicket {
                reference: row.try_get("reference")?,
                title: row.try_get("title")?,
                state: unword(row.try_get("state")?)?,
                opened_at: Wall(row.try_get("opened_at")?),
                due_at: row.try_get::<Option<i64>, _>("due_at")?.map(Wall),
            })
        })
        .collect()
    }

    async fn service_records(&self, id: &str) -> Result<Vec<ServiceRecord>, StoreError> {
        sqlx::query(
            "SELECT kind, title, at, by_whom, link FROM service_records WHERE customer = $1 ORDER BY at DESC LIMIT $2",
        )
        .bind(id)
        .bind(CARD_ROWS)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            Ok(ServiceRecord {
                kind: unword(row.try_get("kind")?)?,
                title: row.try_get("title")?,
                at: Wall(row.try_get("at")?),
                by: row.try_get("by_whom")?,
                link: row.try_get("link")?,
            })
        })
        .collect()
    }
}

/// A customer's profile; nothing where there is none.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<Option<Customer>, StoreError> {
    let row = sqlx::query(
        "SELECT reference, name, home_zh, home_en, tags, fields, version FROM customers WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let numbers: Vec<String> = sqlx::query_scalar(
        "SELECT number FROM customer_numbers WHERE customer = $1 ORDER BY position",
    )
    .bind(id)
    .fetch_all(&mut *connection)
    .await?;
    let home: Option<String> = row.try_get("home_zh")?;
    let home_en: Option<String> = row.try_get("home_en")?;
    Ok(Some(Customer {
        id: CustomerId(parse_id(id.to_owned())?),
        reference: row.try_get("reference")?,
        name: row.try_get("name")?,
        numbers: numbers.into_iter().map(unword).collect::<Result<_, _>>()?,
        home: home.zip(home_en).map(|(zh, en)| Text { zh, en }),
        tags: serde_json::from_str(&row.try_get::<String, _>("tags")?)?,
        fields: serde_json::from_str(&row.try_get::<String, _>("fields")?)?,
        version: row.try_get::<i64, _>("version")?.unsigned_abs(),
    }))
}

/// What two writings of the same number have in common: digits without the international prefix, and for Chinese numbers
/// without country code and trunk zero.
pub(crate) fn match_key(number: &PhoneNumber) -> String {
    let text = number.as_str();
    let international = text.starts_with('+') || text.starts_with("00");
    let digits = text.trim_start_matches('+').trim_start_matches("00");
    let national = match digits.strip_prefix("86") {
        Some(rest) if international || rest.len() == 11 => rest,
        _ => digits,
    };
    national.trim_start_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_writings_of_one_number_match_and_different_numbers_do_not() {
        let key = |text| match_key(&PhoneNumber::parse(text).expect("a number"));
        for same in [
            "128 0055 0142",
            "+86 128 0055 0142",
            "0086-12800550142",
            "8612800550142",
            "012800550142",
        ] {
            assert_eq!(key(same), "12800550142", "{same}");
        }
        assert_eq!(key("0571 1555 0188"), key("+86 571 1555 0188"));
        assert_eq!(key("+1 415 555 0142"), key("001 415 555 0142"));
        assert_ne!(key("+1 415 555 0142"), key("+44 415 555 0142"));
        assert_eq!(key("95588"), "95588");
    }
}
