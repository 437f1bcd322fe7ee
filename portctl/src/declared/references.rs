//! The values of references.

use std::fmt::Write;

use port_registry::Allocation;
use port_registry::daemon::fnv_hash;

/// The longest slug. Databases have names of up to 63 bytes, and something is put before it.
const MAX_SLUG: usize = 40;
/// Hexadecimal digits of the hash that tells slugs of different instances apart.
const MARK_LENGTH: usize = 6;

/// A property of a service that templates refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Property {
    Port,
    Url,
    Host,
}

impl Property {
    pub(super) const ALL: [Property; 3] = [Property::Port, Property::Url, Property::Host];

    pub(super) fn name(self) -> &'static str {
        match self {
            Property::Port => "port",
            Property::Url => "url",
            Property::Host => "host",
        }
    }
}

/// The services and labels that templates refer to.
#[derive(Debug)]
pub(crate) struct References<'a> {
    allocations: &'a [Allocation],
    app: String,
    instance: String,
}

impl<'a> References<'a> {
    pub(crate) fn new(
        allocations: &'a [Allocation],
        (app, instance): (String, String),
    ) -> References<'a> {
        References {
            allocations,
            app,
            instance,
        }
    }

    /// Returns a property of a service. Returns `None` if the service has no port.
    pub(super) fn of_service(&self, service: &str, property: Property) -> Option<String> {
        let mut allocations = self.allocations.iter();
        let port = allocations.find(|it| it.key.service() == service)?.port;
        Some(match property {
            Property::Port => port.to_string(),
            Property::Url => port.url(),
            Property::Host => "localhost".to_owned(),
        })
    }

    pub(super) fn app(&self) -> &str {
        &self.app
    }

    pub(super) fn instance(&self) -> &str {
        &self.instance
    }

    pub(super) fn instance_slug(&self) -> String {
        slug(&self.instance)
    }
}

/// Returns the instance in the characters a-z, 0-9 and `_`, at most 40. Databases are named by it, so different instances
/// never share one: if more than a hyphen was replaced, the slug ends with a hash of the instance.
fn slug(instance: &str) -> String {
    let mut slug = String::with_capacity(instance.len());
    let mut is_exact = instance.len() <= MAX_SLUG;
    for c in instance.chars() {
        match c {
            'a'..='z' | '0'..='9' => slug.push(c),
            '-' if !slug.is_empty() && !slug.ends_with('_') => slug.push('_'),
            _ => {
                is_exact = false;
                if c.is_ascii_uppercase() {
                    slug.push(c.to_ascii_lowercase());
                } else if !slug.is_empty() && !slug.ends_with('_') {
                    slug.push('_');
                }
            }
        }
    }
    if is_exact && !slug.ends_with('_') {
        return slug;
    }
    slug.truncate(MAX_SLUG - MARK_LENGTH - 1);
    let mut marked = slug.trim_end_matches('_').to_owned();
    if !marked.is_empty() {
        marked.push('_');
    }
    let mark = format!("{:016x}", fnv_hash(instance.as_bytes()).swap_bytes());
    let _ = write!(marked, "{}", &mark[..MARK_LENGTH]);
    marked
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::slug;

    #[test]
    fn slugs_are_short_and_differ_as_instances_do() {
        let long = "a".repeat(40);
        for (instance, expected) in [
            ("main", "main"),
            ("feature-cart", "feature_cart"),
            ("main-5dca", "main_5dca"),
            ("2024", "2024"),
            (long.as_str(), long.as_str()),
        ] {
            assert_eq!(slug(instance), expected);
        }
        let longer = [
            "a".repeat(41),
            "a".repeat(42),
            format!("{}-", "a".repeat(34)),
        ];
        let instances = [
            "feature-cart",
            "feature/cart",
            "feature_cart",
            "feature--cart",
            "Feature-cart",
            "-feature-cart",
            "feature-cart-",
            "feature.cart",
            "日本",
            "日",
            "-",
            "",
            "größe",
            "grösse",
        ];
        let instances = instances
            .into_iter()
            .chain(longer.iter().map(String::as_str));
        let instances: Vec<&str> = instances.collect();
        let slugs: BTreeSet<String> = instances.iter().map(|it| slug(it)).collect();
        assert_eq!(slugs.len(), instances.len(), "{slugs:?}");
        for slug in slugs {
            let is_plain = |it| matches!(it, 'a'..='z' | '0'..='9' | '_');
            assert!(slug.len() <= 40 && slug.chars().all(is_plain), "{slug}");
        }
        assert!(slug("feature/cart").starts_with("feature_cart_"));
    }
}
