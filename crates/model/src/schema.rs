//! OpenAPI schemas of what the derive cannot say: bounds of keys and of the values inside a list or a choice.

use crate::{FieldValue, PhoneNumber};
use std::borrow::Cow;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Schema, Type,
};
use utoipa::{PartialSchema, ToSchema};

/// At least one character that is no space.
const NOT_BLANK: &str =
    r"[^\t\n\x0b\x0c\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]";
/// 2 to 20 digits with the marks that [`PhoneNumber::parse`] drops.
const NUMBER: &str = concat!(
    r"^[\t\n\x0b\x0c\r \x85\xa0\u1680\u2000-\u200b\u2010-\u2015\u2028-\u202f\u205f\u3000\-.()（）/]*",
    r"(?:\+[\t\n\x0b\x0c\r \x85\xa0\u1680\u2000-\u200b\u2010-\u2015\u2028-\u202f\u205f\u3000\-.()（）/]*)?",
    r"(?:[0-9*#０-９][\t\n\x0b\x0c\r \x85\xa0\u1680\u2000-\u200b\u2010-\u2015\u2028-\u202f\u205f\u3000\-.()（）/]*){2,20}$",
);

fn text(shortest: Option<usize>, longest: usize) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(shortest)
        .max_length(Some(longest))
        .build()
}

/// The tags of a customer.
pub(crate) fn tags() -> Schema {
    let mut tag = text(Some(1), 40);
    tag.pattern = Some(NOT_BLANK.to_owned());
    let tags = ArrayBuilder::new().items(tag).max_items(Some(30));
    Schema::Array(tags.description(Some("客户标签.")).build())
}

/// The values of a form.
pub(crate) fn form_values() -> Schema {
    let values = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("What was entered, by the name of the field."))
        .max_properties(Some(crate::MOST_FIELDS))
        .property_names(Some(Schema::Object(text(Some(1), crate::LONGEST_FIELD_ID))))
        .additional_properties(Some(AdditionalProperties::RefOr(FieldValue::schema())));
    Schema::Object(values.build())
}

impl PartialSchema for FieldValue {
    fn schema() -> RefOr<Schema> {
        let words = ArrayBuilder::new()
            .items(text(None, crate::LONGEST_WORD))
            .max_items(Some(crate::MOST_WORDS));
        let value = OneOfBuilder::new()
            .description(Some("Text or the id of a choice, or tags."))
            .item(text(None, crate::LONGEST_TEXT))
            .item(words);
        RefOr::T(Schema::OneOf(value.build()))
    }
}

impl ToSchema for FieldValue {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("FieldValue")
    }
}

impl PartialSchema for PhoneNumber {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "A telephone number: an optional +, then 2 to 20 digits, * or #. Spaces, dashes, dots and brackets are dropped \
                 on the way in; the way out has none.",
            ))
            .max_length(Some(crate::number::LONGEST_WRITTEN))
            .pattern(Some(NUMBER));
        RefOr::T(Schema::Object(number.build()))
    }
}

impl ToSchema for PhoneNumber {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("PhoneNumber")
    }
}
