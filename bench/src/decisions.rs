//! What a decision takes: natively, in wasmtime, and as the plain handlers of Python and Node do
//! the same.

pub mod component;
mod facts;
pub mod rival;
pub mod subject;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use merge_sync_costs::inputs::{Question, questions};

use self::component::{Cold, Form, Fresh, Warm};
use self::rival::Rival;
use self::subject::Subject;
use crate::figure::Figures;

/// What the others are compared with.
pub const BASE: &str = "native";

/// What decisions are measured with.
#[derive(Debug)]
pub struct Setting {
    /// The native crates, as a program.
    pub native: PathBuf,
    /// The same without SHA instructions.
    pub soft: PathBuf,
    /// Where to put what the programs read.
    pub folder: PathBuf,
    /// How often each has its turn.
    pub rounds: u32,
    /// How long a turn lasts.
    pub turn: Duration,
    /// Only operations that contain this.
    pub only: String,
}

/// A subject and what it is called.
struct Entrant {
    name: &'static str,
    subject: Box<dyn Subject>,
}

/// Measure them.
pub fn measure(setting: &Setting, figures: &mut Figures, done: &dyn Fn(&str)) -> Result<()> {
    fs::create_dir_all(&setting.folder)?;
    let mut entrants = entrants(setting)?;
    let wanted = |question: &Question| question.name.contains(&setting.only);
    for question in questions()?.into_iter().filter(wanted) {
        let file = question.name.replace(' ', "-");
        let file = setting.folder.join(format!("{file}.json"));
        fs::write(&file, &question.input)
            .with_context(|| format!("could not write {}", file.display()))?;
        let mut calls = Vec::new();
        for entrant in &mut entrants {
            calls.push(match entrant.subject.takes(&question) {
                true => Some(entrant.subject.calls_in(&question, &file, setting.turn)?),
                false => None,
            });
        }
        for _ in 0..setting.rounds {
            for (entrant, calls) in entrants.iter_mut().zip(&calls) {
                done(&question.name);
                if let Some(calls) = calls {
                    let took = entrant.subject.time(&question, &file, *calls)?;
                    let each = took.as_secs_f64() * 1e6 / f64::from(*calls);
                    figures.enter(&question.name, "us a call", entrant.name, each);
                }
            }
        }
    }
    Ok(())
}

/// All of them; the native crates first, since the others are compared with them.
fn entrants(setting: &Setting) -> Result<Vec<Entrant>> {
    let rivals = concat!(env!("CARGO_MANIFEST_DIR"), "/rivals");
    let python = Rival::start("python3", &[&format!("{rivals}/webhook.py")], "typed", true)?;
    let node = Rival::start("node", &[&format!("{rivals}/webhook.mjs")], "typed", true)?;
    let native = setting.native.to_str().context("a path of text")?;
    let soft = setting.soft.to_str().context("a path of text")?;
    Ok(vec![
        entrant(BASE, Rival::start(native, &[], "typed", false)?),
        entrant(
            "native, no SHA instructions",
            Rival::start(soft, &[], "typed", false)?,
        ),
        entrant("native by text", Rival::start(native, &[], "text", false)?),
        entrant("component", Warm::load(Form::Typed, false)?),
        entrant("component, interruptible", Warm::load(Form::Typed, true)?),
        entrant("component by text", Warm::load(Form::Text, false)?),
        entrant("component, fresh instance", Fresh::load()?),
        entrant("component, cold from machine code", Cold::load()?),
        entrant("Python", python),
        entrant("Node", node),
    ])
}

fn entrant(name: &'static str, subject: impl Subject + 'static) -> Entrant {
    let subject = Box::new(subject);
    Entrant { name, subject }
}
