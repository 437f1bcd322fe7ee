//! YAML as a tree, with the line that each part is written on.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Spanned, Tagged};

/// What stands in a place, with its tag.
#[derive(Clone, Debug)]
pub(super) struct YamlNode {
    pub(super) node: YamlValue,
    /// Where it is written, be it used there or by an alias or a merge key elsewhere.
    pub(super) line: usize,
    pub(super) tag: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) enum YamlValue {
    Null,
    /// Numbers and the like as their text.
    Scalar(String),
    Sequence(Vec<YamlNode>),
    /// Merge keys are followed. With the line of the key.
    Mapping(Vec<(String, usize, YamlNode)>),
}

/// Levels of mappings and sequences. Each takes some room on the stack.
const DEEPEST: usize = 32;

/// The documents of a text.
pub(super) fn parse(text: &str) -> Result<Vec<YamlNode>, YamlError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: DEEPEST, flow_nesting_limit: DEEPEST },
    };
    let items = serde_saphyr::from_multiple_with_options(text, options);
    items.map_err(|error| {
        let told = error.without_snippet().to_string();
        // It tells of what who calls it could do about it.
        let told = told.replace(", set DuplicateKeyPolicy in Options if acceptable", "");
        YamlError(match told.strip_prefix("budget breached: ") {
            Some(what) => format!("it is nested too deeply, or too large: {what}"),
            None => told,
        })
    })
}

/// The text is no YAML, or of a size or a depth that nobody writes.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct YamlError(String);

impl YamlNode {
    /// What is under a key, with the line of the key.
    pub(super) fn get(&self, key: &str) -> Option<(usize, &YamlNode)> {
        let mut entries = self.entries().iter();
        let entry = entries.find(|(name, _, _)| name == key);
        entry.map(|(_, line, item)| (*line, item))
    }

    pub(super) fn entries(&self) -> &[(String, usize, YamlNode)] {
        match &self.node {
            YamlValue::Mapping(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[YamlNode] {
        match &self.node {
            YamlValue::Sequence(items) => items,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.node {
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
        let Tagged(node, tag) = spanned.value;
        let line = line(spanned.defined.line());
        Ok(YamlNode { node, line, tag })
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
        f.write_str("anything")
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
