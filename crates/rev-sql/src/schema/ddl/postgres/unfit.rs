//! Which values a new type refuses, as a condition on the old value.

use super::cast::{Family, element, family, parts};
use super::literal;

/// The condition that holds where a value of the type `old` cannot become one of `new`;
/// `None`: none can be stated in short. `labels` are those of `new` where it is an enum.
pub(super) fn condition(
    value: &str,
    old: &str,
    new: &str,
    labels: Option<&[String]>,
) -> Option<String> {
    if element(old).is_some() || element(new).is_some() {
        return None;
    }
    if let Some(labels) = labels {
        let labels: Vec<String> = labels.iter().map(|it| literal(it)).collect();
        let is_some = !labels.is_empty();
        return is_some.then(|| format!("{value}::text NOT IN ({})", labels.join(", ")));
    }
    let ((old_base, _), (base, size)) = (parts(old), parts(new));
    let old = family(&old_base);
    let mut numbers = size.into_iter().flat_map(|it| it.split(','));
    let mut number = || numbers.next()?.trim().parse::<u32>().ok();
    let is_number = matches!(
        old,
        Family::Integer | Family::Numeric | Family::Float | Family::Money
    );
    match (base.as_str(), family(&base)) {
        ("character varying" | "character", _) => {
            let most = match base.as_str() {
                "character" => number().unwrap_or(1),
                _ => number()?,
            };
            Some(format!("char_length(rtrim({value}::text)) > {most}"))
        }
        (_, Family::Integer) if is_number => {
            let (least, most) = match base.as_str() {
                "smallint" => ("-32768", "32767"),
                "integer" => ("-2147483648", "2147483647"),
                _ => ("-9223372036854775808", "9223372036854775807"),
            };
            Some(format!(
                "round({value}::numeric) NOT BETWEEN {least} AND {most}"
            ))
        }
        (_, Family::Numeric) if is_number => {
            let (all, after) = (number()?, number().unwrap_or(0));
            let whole = all.saturating_sub(after);
            Some(format!(
                "abs(round({value}::numeric, {after})) >= 10::numeric ^ {whole}"
            ))
        }
        (_, Family::Boolean) if old == Family::Integer && old_base != "integer" => {
            Some(format!("{value} NOT IN (0, 1)"))
        }
        (_, Family::Bits) if old == Family::Bits && base == "bit" => {
            let length = number().unwrap_or(1);
            Some(format!("length({value}) <> {length}"))
        }
        (_, Family::Bits) if old == Family::Bits => {
            Some(format!("length({value}) > {}", number()?))
        }
        (_, new) if old == Family::Text => {
            let pattern = match new {
                Family::Integer => r"^\s*[-+]?[0-9]+\s*$",
                Family::Numeric | Family::Float => {
                    r"^\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?\s*$"
                }
                Family::Boolean => {
                    r"^\s*(t|tr|tru|true|y|ye|yes|on|1|f|fa|fal|fals|false|n|no|of|off|0)\s*$"
                }
                Family::Uuid => r"^\{?[0-9a-f]{4}(-?[0-9a-f]{4}){7}\}?$",
                _ => return None,
            };
            Some(format!("{value} !~* '{pattern}'"))
        }
        _ => None,
    }
}
