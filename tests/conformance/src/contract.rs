//! The contract, read from `wit/`: which operations there are, and of what shape.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use wit_parser::{Enum, Record, Resolve, Type, TypeDefKind, Variant, WorldItem, WorldKey};

use crate::repository;

/// The functions of the world `logic`, and the types they speak in.
#[derive(Debug)]
pub struct Contract {
    resolve: Resolve,
    operations: BTreeMap<String, Operation>,
}

/// One function.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The export that holds it, for example `merge-sync:triggers/window@0.1.0`.
    pub export: String,
    /// Its name in that export, for example `next`.
    pub function: String,
    /// Its parameters, in order.
    pub parameters: Vec<(String, Type)>,
    /// Its answer.
    pub answer: Type,
}

/// A type with its aliases followed, and `timestamp` told apart from the number it is.
#[derive(Debug, Clone, Copy)]
pub enum Shape<'a> {
    /// `bool`.
    Bool,
    /// `u16`.
    U16,
    /// `u32`.
    U32,
    /// `u64`.
    U64,
    /// `timestamp`.
    Instant,
    /// `string`.
    Text,
    /// `list<..>`.
    List(&'a Type),
    /// `option<..>`.
    Option(&'a Type),
    /// A record and its name.
    Record(&'a str, &'a Record),
    /// An enum and its name.
    Enum(&'a str, &'a Enum),
    /// A variant and its name.
    Variant(&'a str, &'a Variant),
    /// `result<..>`, of which every one in this world has both sides.
    Result(&'a Type, &'a Type),
}

impl Contract {
    /// Read `wit/`.
    ///
    /// # Errors
    ///
    /// Where it is not valid, or has no world `logic`.
    pub fn load() -> Result<Self> {
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(repository().join("wit"))?;
        let world = resolve.select_world(&[package], Some("logic"))?;

        let mut operations = BTreeMap::new();
        for (key, item) in &resolve.worlds[world].exports {
            let (WorldKey::Interface(id), WorldItem::Interface { .. }) = (key, item) else {
                bail!("the world `logic` exports something that is no interface of the package");
            };
            let interface = &resolve.interfaces[*id];
            let name = interface
                .name
                .as_deref()
                .context("an interface without a name")?;
            let export = resolve.id_of(*id).context("an interface without an id")?;
            for (function, signature) in &interface.functions {
                let answer = signature.result.context("a function without an answer")?;
                let operation = Operation {
                    export: export.clone(),
                    function: function.clone(),
                    parameters: signature
                        .params
                        .iter()
                        .map(|parameter| (parameter.name.clone(), parameter.ty))
                        .collect(),
                    answer,
                };
                operations.insert(format!("{name}.{function}"), operation);
            }
        }
        Ok(Self {
            resolve,
            operations,
        })
    }

    /// Every operation with its name, in order of names.
    pub fn operations(&self) -> impl Iterator<Item = (&str, &Operation)> {
        self.operations
            .iter()
            .map(|(name, operation)| (name.as_str(), operation))
    }

    /// The operation of that name.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.get(name)
    }

    /// Whether the input of `operation` is its one record itself, rather than an object of
    /// arguments by name.
    #[must_use]
    pub fn takes_record(&self, operation: &Operation) -> bool {
        match operation.parameters.as_slice() {
            [(_, only)] => matches!(self.shape(only), Ok(Shape::Record(..))),
            _ => false,
        }
    }

    /// What `of` is.
    ///
    /// # Errors
    ///
    /// Where it is of a kind that the world `logic` has not used so far.
    pub fn shape<'a>(&'a self, of: &'a Type) -> Result<Shape<'a>> {
        let id = match of {
            Type::Bool => return Ok(Shape::Bool),
            Type::U16 => return Ok(Shape::U16),
            Type::U32 => return Ok(Shape::U32),
            Type::U64 => return Ok(Shape::U64),
            Type::String => return Ok(Shape::Text),
            Type::Id(id) => *id,
            other => bail!("no JSON form is known for `{other:?}`"),
        };
        let definition = &self.resolve.types[id];
        let name = definition.name.as_deref().unwrap_or_default();
        match &definition.kind {
            // The alias says what the number means, also where another interface uses it.
            TypeDefKind::Type(_) if name == "timestamp" => Ok(Shape::Instant),
            TypeDefKind::Type(aliased) => self.shape(aliased),
            TypeDefKind::List(item) => Ok(Shape::List(item)),
            TypeDefKind::Option(some) => Ok(Shape::Option(some)),
            TypeDefKind::Record(record) => Ok(Shape::Record(name, record)),
            TypeDefKind::Enum(cases) => Ok(Shape::Enum(name, cases)),
            TypeDefKind::Variant(cases) => Ok(Shape::Variant(name, cases)),
            TypeDefKind::Result(sides) => match (&sides.ok, &sides.err) {
                (Some(ok), Some(err)) => Ok(Shape::Result(ok, err)),
                _ => bail!("`{name}`: a result with an empty side has no JSON form"),
            },
            other => bail!("no JSON form is known for a {}", other.as_str()),
        }
    }
}
