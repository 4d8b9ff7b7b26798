//! 客户资料 as an agent writes it.

use crate::{PhoneNumber, ProfileField};
use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;

/// `PUT /v1/customers/{customer}` with an idempotency key. With `If-Match: "N"` it changes version N of a record that is
/// there; without, it makes a new record under the id the phone minted. Answered with the [`Customer`](crate::Customer): 200
/// changed, 201 made; 409 `conflict` when the record has another version, 404 when there is none to change, 400 `malformed`
/// when it does not hold what it must. `Debug` shows the counts alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerBody {
    /// The name: 1 to 100 characters.
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 100,
            pattern = "[^\\t\\n\\x0b\\x0c\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]"
        )
    )]
    pub name: String,
    /// Every number, the main one first: 1 to 10.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 10))]
    pub numbers: Vec<PhoneNumber>,
    /// 客户标签: at most 30 of at most 40 characters.
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::schema::tags))]
    pub tags: Vec<String>,
    /// The company's own fields, in their order: at most 30 of at most 500 characters.
    #[cfg_attr(feature = "openapi", schema(max_items = 30))]
    pub fields: Vec<ProfileField>,
}

impl CustomerBody {
    /// Tells whether everything is within its bounds.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let length = |text: &str| text.chars().count();
        !self.name.trim().is_empty()
            && length(&self.name) <= 100
            && (1..=10).contains(&self.numbers.len())
            && self.tags.len() <= 30
            && self
                .tags
                .iter()
                .all(|tag| !tag.trim().is_empty() && length(tag) <= 40)
            && self.fields.len() <= 30
            && self.fields.iter().all(|field| {
                [&field.label.zh, &field.label.en, &field.value]
                    .iter()
                    .all(|text| length(text) <= 500)
            })
    }
}

impl fmt::Debug for CustomerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerBody")
            .field("numbers", &self.numbers.len())
            .field("tags", &self.tags.len())
            .field("fields", &self.fields.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Text;

    fn body() -> CustomerBody {
        CustomerBody {
            name: "王秀兰".into(),
            numbers: vec![PhoneNumber::parse("12800550142").expect("a number")],
            tags: vec!["会员".into()],
            fields: vec![ProfileField {
                label: Text::new("地址", "Address"),
                value: "文三路 1 号".into(),
            }],
        }
    }

    #[test]
    fn what_is_out_of_bounds_is_told() {
        let wrong = |change: fn(&mut CustomerBody)| {
            let mut body = body();
            change(&mut body);
            !body.is_valid()
        };
        assert!(body().is_valid());
        assert!(wrong(|body| body.name = "  ".into()));
        assert!(wrong(|body| body.name = "王".repeat(101)));
        assert!(!wrong(|body| body.name = "王".repeat(100)));
        assert!(wrong(|body| body.numbers.clear()));
        assert!(wrong(
            |body| body.numbers = vec![body.numbers[0].clone(); 11]
        ));
        assert!(wrong(|body| body.tags = vec!["a".into(); 31]));
        assert!(wrong(|body| body.tags[0] = "a".repeat(41)));
        assert!(wrong(|body| body.tags[0].clear()));
        assert!(wrong(|body| body.fields[0].value = "a".repeat(501)));
        assert!(wrong(|body| body.fields = vec![body.fields[0].clone(); 31]));
    }

    #[test]
    fn debug_shows_nothing_of_the_customer() {
        let text = format!("{:?}", body());
        for private in ["王", "12800550142", "42", "会员", "文三路"] {
            assert!(!text.contains(private), "{text}");
        }
    }
}
