//! Which customers an agent may know of.

use super::{Store, StoreError};
use offhook_model::{AgentId, CustomerId};
use sqlx::SqliteConnection;

impl Store {
    /// Tells whether an agent may see and change a customer's record: not one that is kept for a skill group of others. A
    /// record that is not there is closed to nobody.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_open_to(
        &self,
        agent: AgentId,
        customer: CustomerId,
    ) -> Result<bool, StoreError> {
        let mut connection = self.pool.acquire().await?;
        is_open_to(&mut connection, agent, customer).await
    }
}

pub(super) async fn is_open_to(
    connection: &mut SqliteConnection,
    agent: AgentId,
    customer: CustomerId,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT NOT EXISTS (SELECT 1 FROM customers c WHERE c.id = $1 AND c.skill_group IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.agent = $2 AND m.skill_group = c.skill_group))",
    )
    .bind(customer.to_string())
    .bind(agent.to_string())
    .fetch_one(connection)
    .await?)
}
