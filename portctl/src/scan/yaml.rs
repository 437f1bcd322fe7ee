//! YAML as a tree, with the line that each part is written on.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Spanned, Tagged};

/// A value with its line and tag.
#[derive(Clone, Debug)]
pub(super) struct YamlNode {
    value: YamlValue,
    /// The line that defines the value, even if an alias or a merge key uses it elsewhere.
    pub(super) line: usize,
    pub(super) tag: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) enum YamlValue {
    Null,
    /// Numbers and booleans are kept as text.
    Scalar(String),
    Sequence(Vec<YamlNode>),
    /// Entries as (key, line of the key, value), with merge keys resolved.
    Mapping(Vec<(String, usize, YamlNode)>),
}

/// Limit for nested mappings and sequences, because each level takes stack space.
const MAX_DEPTH: usize = 32;

/// Parses all documents of a text.
pub(super) fn parse(text: &str) -> Result<Vec<YamlNode>, YamlError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            // Real files repeat one anchor in dozens of services. The number of replayed events is limited.
            enforce_alias_anchor_ratio: false,
        },
    };
    let items = serde_saphyr::from_multiple_with_options(text, options);
    items.map_err(|error| {
        let message = error.without_snippet().to_string();
        // Remove the advice for callers of the parser.
        let message = message.replace(", set DuplicateKeyPolicy in Options if acceptable", "");
        YamlError(match message.strip_prefix("budget breached: ") {
            Some(limit) => format!("it is nested too deeply or too large: {limit}"),
            None => message,
        })
    })
}

/// The text is not YAML, or is larger or more deeply nested than any real file.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct YamlError(String);

impl YamlNode {
    /// Returns the value of a key, with the line of the key.
    pub(super) fn get(&self, key: &str) -> Option<(usize, &YamlNode)> {
        let mut entries = self.entries().iter();
        let entry = entries.find(|(name, _, _)| name == key);
        entry.map(|(_, line, item)| (*line, item))
    }

    pub(super) fn entries(&self) -> &[(String, usize, YamlNode)] {
        match &self.value {
            YamlValue::Mapping(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[YamlNode] {
        match &self.value {
            YamlValue::Sequence(items) => items,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            YamlValue::Scalar(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn has_tag(&self, tag: &str) -> bool {
        self.tag.as_deref() == Some(tag)
    }
}

impl<'de> Deserialize<'de> for YamlNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<YamlNode, D::Error> {
        let spanned = Spanned::<Tagged<YamlValue>>::deserialize(deserializer)?;
        let Tagged(value, tag) = spanned.value;
        let line = line(spanned.defined.line());
        Ok(YamlNode { value, line, tag })
    }
}

fn line(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl<'de> Deserialize<'de> for YamlValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<YamlValue, D::Error> {
        deserializer.deserialize_any(YamlVisitor)
    }
}

struct YamlVisitor;

impl<'de> Visitor<'de> for YamlVisitor {
    type Value = YamlValue;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_str<E>(self, text: &str) -> Result<YamlValue, E> {
        Ok(YamlValue::Scalar(text.to_owned()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<YamlValue, E> {
        Ok(YamlValue::Scalar(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<YamlValue, E> {
        Ok(YamlValue::Scalar(number.to_string()))
    }

    fn visit_i128<E>(self, number: i128) -> Result<YamlValue, E> {
        Ok(YamlValue::Scalar(number.to_string()))
    }

    fn visit_u128<E>(self, number: u128) -> Result<YamlValue, E> {
        Ok(YamlValue::Scalar(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<YamlValue, E> {
        Ok(YamlValue::Scalar(number.to_string()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<YamlValue, E> {
        Ok(YamlValue::Scalar(value.to_string()))
    }

    fn visit_unit<E>(self) -> Result<YamlValue, E> {
        Ok(YamlValue::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<YamlValue, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(YamlValue::Sequence(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<YamlValue, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, item)) = access.next_entry::<Spanned<String>, YamlNode>()? {
            entries.push((key.value, line(key.defined.line()), item));
        }
        Ok(YamlValue::Mapping(entries))
    }
}
