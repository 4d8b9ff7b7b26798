//! Reads everything once.

use crate::{
    Store, StoreError,
    cards::card,
    drafts::{DRAFTS, SUBMITTED, draft},
    handout::handout,
    kept::kept_item,
    legs::leg,
    outbox::outbox_item,
};

impl Store {
    /// Reads every page and every row of the agent whose data is open.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] names the first that does not read.
    pub async fn check(&self) -> Result<(), StoreError> {
        let opened = self.opened()?;
        let pages: String = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(self.pool())
            .await?;
        if pages != "ok" {
            return Err(StoreError::damaged(pages));
        }
        let drafts =
            sqlx::query("SELECT seq, key_id, wrap_up, edit, body FROM drafts WHERE agent_id = $1");
        for row in drafts.bind(opened.agent).fetch_all(self.pool()).await? {
            draft(&opened, DRAFTS, &row)?;
        }
        let submitted = sqlx::query(
            "SELECT seq, key_id, wrap_up, edit, body FROM submitted WHERE agent_id = $1",
        );
        for row in submitted.bind(opened.agent).fetch_all(self.pool()).await? {
            draft(&opened, SUBMITTED, &row)?;
        }
        let outbox = sqlx::query(
            "SELECT seq, key_id, id, wrap_up, customer, kind, version, submitted_at, body FROM outbox \
             WHERE agent_id = $1 AND length(body) > 0",
        );
        for row in outbox.bind(opened.agent).fetch_all(self.pool()).await? {
            outbox_item(&opened, &row)?;
        }
        let kept = sqlx::query(
            "SELECT seq, key_id, id, customer, kind, version, kept_at, body FROM kept WHERE agent_id = $1",
        );
        for row in kept.bind(opened.agent).fetch_all(self.pool()).await? {
            kept_item(&opened, &row)?;
        }
        let handouts = sqlx::query("SELECT seq, key_id, body FROM handouts WHERE agent_id = $1");
        for row in handouts.bind(opened.agent).fetch_all(self.pool()).await? {
            handout(&opened, &row)?;
        }
        let legs = sqlx::query("SELECT seq, key_id, leg, body FROM legs WHERE agent_id = $1");
        for row in legs.bind(opened.agent).fetch_all(self.pool()).await? {
            leg(&opened, &row)?;
        }
        let cards =
            sqlx::query("SELECT seq, key_id, customer, body FROM cards WHERE agent_id = $1");
        for row in cards.bind(opened.agent).fetch_all(self.pool()).await? {
            card(&opened, &row)?;
        }
        Ok(())
    }
}
