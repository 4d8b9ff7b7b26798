//! The proof that a wrap-up reaches the centre exactly once, however often it is sent: the product's own request is taken
//! from the wire and sent again.

use crate::{
    api::{Answer, Api},
    tap::{Sent, Tap},
};
use anyhow::{Context, Result, ensure};
use offhook_model::{
    CallId, FieldValue, WrapUpId,
    api::{WrapUpBody, WrapUpStored},
};
use uuid::Uuid;

/// The product's request for one wrap-up, ready to be sent again.
#[derive(Debug, Clone)]
pub struct Original {
    /// Which wrap-up.
    pub wrap_up: WrapUpId,
    /// Its key.
    pub key: Uuid,
    /// Its body.
    pub body: WrapUpBody,
    agent: Api,
}

impl Original {
    /// Takes the one request with this text in it from the wire.
    ///
    /// # Errors
    /// There is none, or none with a key.
    pub fn taken_from(tap: &Tap, centre: &str, text: &str) -> Result<Self> {
        let all = tap.sent("PUT", "/v1/wrap-ups/");
        let sent: &Sent = all
            .iter()
            .find(|sent| String::from_utf8_lossy(&sent.body).contains(text))
            .with_context(|| format!("none of {} wrap-ups on the wire has the text", all.len()))?;
        let token = sent
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "))
            .context("a token")?;
        let id = sent.path.rsplit('/').next().context("an id")?;
        Ok(Self {
            wrap_up: WrapUpId(id.parse()?),
            key: sent.header("idempotency-key").context("a key")?.parse()?,
            body: serde_json::from_slice(&sent.body)?,
            agent: Api::with_token(centre, token)?,
        })
    }

    /// Sends it again as it was: the same answer, and one row.
    ///
    /// # Errors
    /// The answer differs or there is another row.
    pub async fn again(&self, administrator: &Api, row: &WrapUpStored) -> Result<()> {
        let (one, two) = (self.send(&self.body).await?, self.send(&self.body).await?);
        ensure!(one == two, "two answers to one key: {one:?}, {two:?}");
        let receipt = Api::receipt(one)?;
        ensure!(
            receipt.wrap_up == row.wrap_up && receipt.received_at == row.received_at,
            "a replay was answered as if it were new"
        );
        self.is_the_only_row(administrator, row).await
    }

    /// Sends two copies at once: the same answer, and one row.
    ///
    /// # Errors
    /// The answers differ or there is another row.
    pub async fn twice_at_once(&self, administrator: &Api, row: &WrapUpStored) -> Result<()> {
        let (one, two) = tokio::join!(self.send(&self.body), self.send(&self.body));
        ensure!(one? == two?, "two answers to one key");
        self.is_the_only_row(administrator, row).await
    }

    /// Sends another text under the same key: refused, and nothing changes.
    ///
    /// # Errors
    /// It is taken.
    pub async fn not_with_another_body(
        &self,
        administrator: &Api,
        row: &WrapUpStored,
    ) -> Result<()> {
        let mut body = self.body.clone();
        body.values
            .insert("summary".into(), FieldValue::Text("something else".into()));
        let answer = self.send(&body).await?;
        ensure!(
            answer.status == 409 && answer.body["code"] == "key_reused",
            "another body under the same key was answered with {answer:?}"
        );
        self.is_the_only_row(administrator, row).await
    }

    /// Sends a wrap-up that the centre has never seen, twice at the same moment: both get the same answer, one row is made.
    ///
    /// # Errors
    /// The answers differ, or there is no row or two.
    pub async fn a_new_one_twice_at_once(&self, administrator: &Api) -> Result<()> {
        let (wrap_up, key) = (WrapUpId(Uuid::now_v7()), Uuid::new_v4());
        let send = || self.agent.put_wrap_up(wrap_up, key, &self.body);
        let (one, two) = tokio::join!(send(), send());
        let (one, two) = (one?, two?);
        ensure!(one == two, "two answers to one key: {one:?}, {two:?}");
        Api::receipt(one)?;
        let rows = administrator.wrap_ups_of(self.body.call).await?;
        let made = rows.iter().filter(|row| row.wrap_up == wrap_up).count();
        ensure!(made == 1, "{made} rows for one wrap-up");
        Ok(())
    }

    async fn send(&self, body: &WrapUpBody) -> Result<Answer> {
        self.agent.put_wrap_up(self.wrap_up, self.key, body).await
    }

    async fn is_the_only_row(&self, administrator: &Api, row: &WrapUpStored) -> Result<()> {
        let rows = administrator.wrap_ups_of(self.body.call).await?;
        let same: Vec<_> = rows
            .iter()
            .filter(|other| other.wrap_up == row.wrap_up)
            .collect();
        ensure!(same == [row], "the row changed: {same:?}");
        Ok(())
    }
}

/// Reads the one wrap-up of a call as the administrator and checks that this text stands in its summary.
///
/// # Errors
/// There is none, or several, or another text.
pub async fn the_row(administrator: &Api, call: CallId, text: &str) -> Result<WrapUpStored> {
    let rows = administrator.wrap_ups_of(call).await?;
    ensure!(rows.len() == 1, "{} wrap-ups of one call", rows.len());
    let row = administrator.wrap_up(rows[0].wrap_up).await?;
    ensure!(
        row.body.values.get(&"summary".into()) == Some(&FieldValue::Text(text.into())),
        "the summary at the centre is another: {:?}",
        row.body.values
    );
    Ok(row)
}
