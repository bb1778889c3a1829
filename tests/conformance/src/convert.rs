//! Between the JSON form and the values of a component, for any type of the contract.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use wasmtime::component::Val;
use wit_parser::Type;

use crate::contract::{Contract, Shape};
use crate::instant::{parse_instant, print_instant};

/// The largest integer that every JSON reader keeps exactly.
const EXACT: u64 = 1 << 53;

/// The value of type `of` that `json` says. `path` names the place for an error.
pub(crate) fn lower(contract: &Contract, of: &Type, json: &Value, path: &str) -> Result<Val> {
    let wrong = || format!("{path}: `{json}` is not what belongs here");
    Ok(match contract.shape(of)? {
        Shape::Bool => Val::Bool(json.as_bool().with_context(wrong)?),
        Shape::U16 => Val::U16(u16::try_from(integer(json).with_context(wrong)?)?),
        Shape::U32 => Val::U32(u32::try_from(integer(json).with_context(wrong)?)?),
        Shape::U64 => Val::U64(integer(json).with_context(wrong)?),
        Shape::Instant => Val::S64(json.as_str().and_then(parse_instant).with_context(wrong)?),
        Shape::Text => Val::String(json.as_str().with_context(wrong)?.to_owned()),
        Shape::List(item) => {
            let items = json.as_array().with_context(wrong)?;
            let lower_item =
                |(index, value)| lower(contract, item, value, &format!("{path}[{index}]"));
            Val::List(
                items
                    .iter()
                    .enumerate()
                    .map(lower_item)
                    .collect::<Result<_>>()?,
            )
        }
        Shape::Option(some) => match json {
            Value::Null => Val::Option(None),
            value => Val::Option(Some(Box::new(lower(contract, some, value, path)?))),
        },
        Shape::Record(_, record) => {
            let fields: Vec<_> = record
                .fields
                .iter()
                .map(|field| (field.name.as_str(), &field.ty))
                .collect();
            Val::Record(lower_fields(contract, &fields, json, path)?)
        }
        Shape::Enum(_, cases) => {
            let case = json.as_str().with_context(wrong)?;
            if !cases.cases.iter().any(|known| known.name == case) {
                bail!(wrong());
            }
            Val::Enum(case.to_owned())
        }
        Shape::Variant(_, cases) => {
            let object = json.as_object().with_context(wrong)?;
            let tag = object
                .get("tag")
                .and_then(Value::as_str)
                .with_context(wrong)?;
            let case = cases
                .cases
                .iter()
                .find(|case| case.name == tag)
                .with_context(wrong)?;
            let payload = match (&case.ty, object.get("value")) {
                (Some(of), Some(value)) => Some(Box::new(lower(
                    contract,
                    of,
                    value,
                    &format!("{path}.{tag}"),
                )?)),
                (None, None) => None,
                (Some(_), None) | (None, Some(_)) => bail!(wrong()),
            };
            if object.len() != 1 + usize::from(payload.is_some()) {
                bail!(wrong());
            }
            Val::Variant(tag.to_owned(), payload)
        }
        Shape::Result(..) => bail!("{path}: no input holds a result"),
    })
}

/// The values of named fields (or arguments), in the order of the contract; an object with a
/// key too many is refused, an absent option is none.
pub(crate) fn lower_fields(
    contract: &Contract,
    fields: &[(&str, &Type)],
    json: &Value,
    path: &str,
) -> Result<Vec<(String, Val)>> {
    let object = json
        .as_object()
        .with_context(|| format!("{path}: not an object"))?;
    let keys: Vec<_> = fields.iter().map(|(name, _)| snake(name)).collect();
    if let Some(unknown) = object.keys().find(|key| !keys.contains(key)) {
        bail!("{path}: unknown key `{unknown}`");
    }
    let mut values = Vec::new();
    for ((name, of), key) in fields.iter().zip(&keys) {
        let optional = matches!(contract.shape(of)?, Shape::Option(_));
        let value = match object.get(key) {
            Some(value) => value,
            None if optional => &Value::Null,
            None => bail!("{path}: `{key}` is missing"),
        };
        values.push((
            (*name).to_owned(),
            lower(contract, of, value, &format!("{path}.{key}"))?,
        ));
    }
    Ok(values)
}

/// The JSON form of a value of type `of`.
pub(crate) fn lift(contract: &Contract, of: &Type, value: &Val) -> Result<Value> {
    Ok(match (contract.shape(of)?, value) {
        (Shape::Bool, Val::Bool(value)) => json!(value),
        (Shape::U16, Val::U16(value)) => json!(value),
        (Shape::U32, Val::U32(value)) => json!(value),
        (Shape::U64, Val::U64(value)) if *value <= EXACT => json!(value),
        (Shape::U64, Val::U64(value)) => json!(value.to_string()),
        (Shape::Instant, Val::S64(value)) => json!(print_instant(*value)),
        (Shape::Text, Val::String(value)) => json!(value),
        (Shape::List(item), Val::List(items)) => items
            .iter()
            .map(|value| lift(contract, item, value))
            .collect::<Result<_>>()?,
        (Shape::Option(_), Val::Option(None)) => Value::Null,
        (Shape::Option(some), Val::Option(Some(value))) => lift(contract, some, value)?,
        (Shape::Record(_, record), Val::Record(values)) => {
            let mut object = Map::new();
            for (field, (name, value)) in record.fields.iter().zip(values) {
                object.insert(snake(name), lift(contract, &field.ty, value)?);
            }
            Value::Object(object)
        }
        (Shape::Enum(..), Val::Enum(case)) => json!(case),
        (Shape::Variant(_, cases), Val::Variant(tag, payload)) => {
            let of = cases
                .cases
                .iter()
                .find(|case| case.name == *tag)
                .and_then(|case| case.ty);
            match (of, payload) {
                (Some(of), Some(value)) => {
                    json!({"tag": tag, "value": lift(contract, &of, value)?})
                }
                _ => json!({"tag": tag}),
            }
        }
        (shape, value) => bail!("the component gave {value:?} for {shape:?}"),
    })
}

/// A WIT name as a JSON key.
fn snake(name: &str) -> String {
    name.replace('-', "_")
}

/// A 64-bit integer, as a number or as a decimal string.
fn integer(json: &Value) -> Option<u64> {
    match json {
        Value::Number(number) => number.as_u64(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}
