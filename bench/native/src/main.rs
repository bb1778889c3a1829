//! A rival of `cargo xtask bench`: the crates themselves.
//!
//! Reads lines of four words, `typed|text OPERATION FILE CALLS`, calls so many times with the input in
//! the file, and answers each line with the nanoseconds that it took.

use std::fs;
use std::hint::black_box;
use std::io::{self, BufRead as _, Write as _};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use merge_sync_logic::json::read::Input;
use merge_sync_logic::json::{self, value};
use merge_sync_logic::{cadence, page, readiness, retry, signature, webhook, window};

fn main() -> Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<_> = line.split(' ').collect();
        let [form, operation, file, calls] = words.as_slice() else {
            bail!("`{line}` is not `typed|text OPERATION FILE CALLS`");
        };
        let input = fs::read_to_string(file).with_context(|| format!("could not read {file}"))?;
        let calls = calls.parse()?;
        let time = match *form {
            "text" => by_text(operation, &input, calls)?,
            _ => typed(operation, &input, calls)?,
        };
        writeln!(out, "{}", time.as_nanos())?;
        out.flush()?;
    }
    Ok(())
}

fn by_text(operation: &str, input: &str, calls: u32) -> Result<Duration> {
    json::call(operation, input).map_err(|problem| anyhow!("{operation}: {problem}"))?;
    Ok(time(calls, || json::call(operation, black_box(input))))
}

fn typed(operation: &str, input: &str, calls: u32) -> Result<Duration> {
    let problem = |problem: merge_sync_logic::types::Problem| anyhow!("{}", problem.message);
    let root = Input::root(value::parse(input).map_err(problem)?);
    Ok(match operation {
        "signature.verify" => {
            let facts = json::signature::read_signed_body(root).map_err(problem)?;
            time(calls, || signature::verify(black_box(&facts)))
        }
        "webhook.handle" => {
            let facts = json::signature::read_signed_body(root).map_err(problem)?;
            time(calls, || webhook::handle(black_box(&facts)))
        }
        "readiness.evaluate" => {
            let facts = json::readiness::read_facts(root).map_err(problem)?;
            time(calls, || readiness::evaluate(black_box(&facts)))
        }
        "window.next" => {
            let facts = json::window::read_facts(root).map_err(problem)?;
            time(calls, || window::next(black_box(&facts)))
        }
        "cadence.next" => {
            let facts = json::cadence::read_facts(root).map_err(problem)?;
            time(calls, || cadence::next(black_box(&facts)))
        }
        "retry.decide" => {
            let facts = json::retry::read_facts(root).map_err(problem)?;
            time(calls, || retry::decide(black_box(&facts)))
        }
        "readiness.parse-status" => {
            let body = root.only_text("body").map_err(problem)?;
            time(calls, || readiness::parse_status(black_box(&body)))
        }
        "page.parse" => {
            let mut fields = root.object().map_err(problem)?;
            let model_id = fields.take("model_id").text().map_err(problem)?;
            let body = fields.take("body").text().map_err(problem)?;
            time(calls, || {
                page::parse(black_box(&model_id), black_box(&body))
            })
        }
        "meta.version" => time(calls, || {
            black_box(merge_sync_logic::meta::VERSION).to_owned()
        }),
        _ => bail!("no operation `{operation}`"),
    })
}

fn time<T>(calls: u32, mut call: impl FnMut() -> T) -> Duration {
    let started = Instant::now();
    for _ in 0..calls {
        black_box(call());
    }
    started.elapsed()
}
