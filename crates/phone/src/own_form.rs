//! 会话小结 without a centre: the after-call form that comes with the program.

use offhook_model::{
    ChoiceOption, FieldDefinition, FieldId, FieldKind, FieldValue, FormDefinition, FormValues, Text,
};

const SUMMARY: &str = "summary";

/// Summary, disposition and tags, such as any trade needs.
pub(crate) fn definition() -> FormDefinition {
    let field = |id: &str, zh: &str, en: &str, kind, required| FieldDefinition {
        id: FieldId::from(id),
        label: Text::new(zh, en),
        kind,
        required,
    };
    let options = [
        ("enquiry", "咨询", "Enquiry"),
        ("order", "订单", "Order"),
        ("complaint", "投诉", "Complaint"),
        ("repair", "报修", "Repair"),
        ("appointment", "预约", "Appointment"),
        ("follow_up", "需要回访", "Follow-up needed"),
        ("wrong_number", "打错电话", "Wrong number"),
        ("other", "其他", "Other"),
    ]
    .map(|(id, zh, en)| ChoiceOption {
        id: id.into(),
        label: Text::new(zh, en),
    });
    FormDefinition {
        version: 1,
        fields: vec![
            field(SUMMARY, "会话小结", "Summary", FieldKind::LongText, true),
            field(
                "disposition",
                "业务类型",
                "Disposition",
                FieldKind::Choice {
                    options: options.into(),
                },
                false,
            ),
            field(
                "tags",
                "标签",
                "Tags",
                FieldKind::Tags {
                    suggestions: Vec::new(),
                },
                false,
            ),
        ],
    }
}

/// What stands in the history of a call.
pub(crate) fn summary(values: &FormValues) -> String {
    match values.get(&FieldId::from(SUMMARY)) {
        Some(FieldValue::Text(text)) => text.clone(),
        Some(FieldValue::Many(_)) | None => String::new(),
    }
}
