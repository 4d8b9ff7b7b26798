//! The after-call form.

use super::{Store, StoreError};
use offhook_model::{ChoiceOption, FieldDefinition, FieldKind, FormDefinition, Text};
use sqlx::Row;

impl Store {
    /// The form in force; the first one ever is written on the way.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn form(&self) -> Result<FormDefinition, StoreError> {
        let row = sqlx::query("SELECT version, fields FROM forms ORDER BY version DESC LIMIT 1")
            .fetch_optional(&self.pool)
            .await?;
        if let Some(row) = row {
            return Ok(FormDefinition {
                version: row.try_get("version")?,
                fields: serde_json::from_str(&row.try_get::<String, _>("fields")?)?,
            });
        }
        let form = first_form();
        sqlx::query("INSERT INTO forms (version, fields) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(form.version)
            .bind(serde_json::to_string(&form.fields)?)
            .execute(&self.pool)
            .await?;
        Ok(form)
    }
}

fn first_form() -> FormDefinition {
    FormDefinition {
        version: 1,
        fields: vec![
            FieldDefinition {
                id: "summary".into(),
                label: Text::new("会话小结", "Call summary"),
                kind: FieldKind::LongText,
                required: true,
            },
            FieldDefinition {
                id: "disposition".into(),
                label: Text::new("业务类型", "Disposition"),
                kind: FieldKind::Choice {
                    options: [
                        (
                            "visit_overdue",
                            "售后 / 上门超时",
                            "After-sales / Visit overdue",
                        ),
                        ("repair", "售后 / 报修", "After-sales / Repair"),
                        (
                            "usage_advice",
                            "回访 / 使用指导",
                            "Follow-up / Usage advice",
                        ),
                        ("installation", "安装 / 预约", "Installation / Appointment"),
                        ("points", "会员 / 积分兑换", "Membership / Points"),
                        ("invoice", "咨询 / 发票", "Enquiry / Invoice"),
                        ("product", "咨询 / 产品", "Enquiry / Product"),
                        ("complaint", "投诉", "Complaint"),
                        ("wrong_number", "误拨", "Wrong number"),
                    ]
                    .into_iter()
                    .map(|(id, zh, en)| ChoiceOption {
                        id: id.to_owned(),
                        label: Text::new(zh, en),
                    })
                    .collect(),
                },
                required: true,
            },
            FieldDefinition {
                id: "tags".into(),
                label: Text::new("客户标签", "Customer tags"),
                kind: FieldKind::Tags {
                    suggestions: [
                        "渗水",
                        "催促",
                        "已改约",
                        "需再回访",
                        "烘干",
                        "Leak",
                        "Chasing",
                        "Rebooked",
                        "Call again",
                    ]
                    .map(str::to_owned)
                    .to_vec(),
                },
                required: false,
            },
        ],
    }
}
