//! The settings document: a JSON object, every field defaulted, an unknown one refused.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::cadence::Policy;
use merge_sync_logic::endpoints::{self, Endpoint, Listed};
use merge_sync_logic::json::read::Input;
use merge_sync_logic::json::{self, readiness, retry, value, window};
use merge_sync_logic::types::{Milliseconds, ModelId, Problem};

use super::values::{Gate, LARGEST_PAGE, MOST_REQUESTS_PER_MINUTE, RunLimits, Settings, canonical};

/// A shorter overlap would not cover a row that becomes visible a little late.
const SHORTEST_OVERLAP: Milliseconds = Milliseconds(1_000);

/// A shorter run would end before its first answer.
const SHORTEST_RUN: Milliseconds = Milliseconds(1_000);

/// Parameters that add to records and never leave one out.
const ADDING: [&str; 2] = ["remote_fields", "show_enum_origins"];

/// Those among them that the engine sends itself: a second one would undo the first.
const OURS: [&str; 2] = ["include_cancelled", "include_deleted_data"];

impl Settings {
    /// Read a settings document; the empty text is `{}`.
    ///
    /// # Errors
    ///
    /// Names the field at fault, what was found and what is allowed.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        if text.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        settings(Input::root(value::parse(text)?))
    }
}

/// As [`Settings::parse`], of a document that stands as a text in the field `name` of another one: each
/// problem is named from there.
pub(crate) fn parse_in(name: &str, text: &str) -> Result<Settings, Problem> {
    if text.trim_ascii().is_empty() {
        return Ok(Settings::default());
    }
    let value = value::parse(text).map_err(|problem| {
        let what = problem.message.strip_prefix("input").unwrap_or_default();
        Problem {
            message: alloc::format!("{name}{what}"),
        }
    })?;
    settings(Input::named(name, value))
}

fn settings(input: Input<'_, '_>) -> Result<Settings, Problem> {
    let mut settings = Settings::default();
    let (cadence_before, retry_before) = (settings.cadence, settings.retry);
    let limits_before = settings.run_limits;
    let mut fields = input.object()?;
    fields.update("rule", &mut settings.rule, window::read_rule)?;
    fields.update("overlap_ms", &mut settings.overlap, |input| {
        at_least(input, SHORTEST_OVERLAP)
    })?;
    fields.update(
        "partial",
        &mut settings.partial,
        readiness::read_partial_policy,
    )?;
    fields.update("gate", &mut settings.gate, gate)?;
    fields.update("required", &mut settings.required, model_ids)?;
    fields.update("models", &mut settings.models, model_ids)?;
    fields.update(
        "endpoint_overrides",
        &mut settings.endpoint_overrides,
        endpoint_overrides,
    )?;
    fields.update("query_extra", &mut settings.query_extra, query_extra)?;
    fields.update("cadence", &mut settings.cadence, |input| {
        cadence(input, cadence_before)
    })?;
    fields.update("retry", &mut settings.retry, |input| {
        retry::read_policy(input, Some(retry_before))
    })?;
    fields.update("full_reread_ms", &mut settings.full_reread, interval)?;
    fields.update("page_size", &mut settings.page_size, |input| {
        from_one_to(input, LARGEST_PAGE)
    })?;
    fields.update(
        "requests_per_minute",
        &mut settings.requests_per_minute,
        |input| from_one_to(input, MOST_REQUESTS_PER_MINUTE),
    )?;
    fields.update("run_limits", &mut settings.run_limits, |input| {
        run_limits(input, limits_before)
    })?;
    fields.finish()?;
    Ok(settings)
}

fn gate(input: Input<'_, '_>) -> Result<Gate, Problem> {
    input.one_of(&[("account", Gate::Account), ("model", Gate::Model)])
}

/// A longer safety net could not be told from a clock that was wrong, and would be read as now.
fn cadence(input: Input<'_, '_>, defaults: Policy) -> Result<Policy, Problem> {
    let longest = Policy::default().safety_net;
    input.checked(
        |input| json::cadence::read_policy(input, Some(defaults)),
        |policy| policy.safety_net <= longest,
        format_args!(
            "expected a safety_net of at most {} milliseconds",
            longest.0
        ),
    )
}

fn at_least(input: Input<'_, '_>, least: Milliseconds) -> Result<Milliseconds, Problem> {
    input.checked(
        Input::milliseconds,
        |found| *found >= least,
        format_args!("expected at least {} milliseconds", least.0),
    )
}

/// Zero is never.
fn interval(input: Input<'_, '_>) -> Result<Option<Milliseconds>, Problem> {
    let found = input.milliseconds()?;
    Ok((found.0 > 0).then_some(found))
}

fn model_ids(input: Input<'_, '_>) -> Result<Vec<ModelId>, Problem> {
    input.list(model_id)
}

fn model_id(input: Input<'_, '_>) -> Result<ModelId, Problem> {
    input.checked(
        Input::text,
        |text| !text.is_empty(),
        format_args!("expected a model id such as `hris.Employee`, found nothing"),
    )
}

fn endpoint_overrides(input: Input<'_, '_>) -> Result<Vec<(ModelId, Listed)>, Problem> {
    input.map(|model_id, input| Ok((canonical(model_id).into(), listed(model_id, input)?)))
}

/// What the records are, and what has to be asked for to see all of them, does not depend on the
/// path.
fn listed(model_id: &str, input: Input<'_, '_>) -> Result<Listed, Problem> {
    let always = match endpoints::locate(model_id) {
        Endpoint::Listed(known) => known.always,
        Endpoint::Unlisted | Endpoint::Unmapped => "",
    };
    let mut fields = input.object()?;
    let listed = Listed {
        path: path(fields.take("path"))?,
        filtered: fields.take("filtered").or(Some(true), Input::boolean)?,
        key: endpoints::key(model_id),
        always,
    };
    fields.finish()?;
    Ok(listed)
}

fn path(input: Input<'_, '_>) -> Result<String, Problem> {
    let plain = |character: char| character.is_ascii_graphic() && !matches!(character, '?' | '#');
    input.checked(
        Input::text,
        |text| text.starts_with('/') && text.chars().all(plain),
        format_args!("expected a path without a query, such as `/api/hris/v1/employees`"),
    )
}

fn query_extra(input: Input<'_, '_>) -> Result<Vec<(ModelId, String)>, Problem> {
    input.map(|model_id, input| Ok((canonical(model_id).into(), parameters(input)?)))
}

/// A query that only adds: a filter would leave records out in silence, and a second
/// `modified_after` would undo the window. A name is taken as it is written in Merge's
/// documentation and in no other form.
fn parameters(input: Input<'_, '_>) -> Result<String, Problem> {
    // A `;` separates parameters for some servers.
    let plain = |character: char| character.is_ascii_graphic() && !matches!(character, '#' | ';');
    input.checked(
        Input::text,
        |text| text.chars().all(plain) && text.split('&').all(adds),
        format_args!(
            "expected parameters that only add, such as `include_remote_data=true`: `include_..`, \
             `remote_fields` or `show_enum_origins`. `expand` would hide changes, since \
             `modified_after` sees none of expanded objects; `cursor`, `page_size`, \
             `modified_after`, `modified_before`, `include_deleted_data` and `include_cancelled` \
             are sent already"
        ),
    )
}

fn adds(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    let is_plain = name
        .bytes()
        .all(|byte| byte == b'_' || byte.is_ascii_lowercase());
    let is_known = name.starts_with("include_") || ADDING.contains(&name);
    is_plain && is_known && !OURS.contains(&name) && !value.is_empty()
}

fn from_one_to(input: Input<'_, '_>, most: u32) -> Result<u32, Problem> {
    input.checked(
        Input::u32,
        |found| (1..=most).contains(found),
        format_args!("expected a number from 1 to {most}"),
    )
}

fn run_limits(input: Input<'_, '_>, defaults: RunLimits) -> Result<RunLimits, Problem> {
    let mut limits = defaults;
    let mut fields = input.object()?;
    fields.update("pages", &mut limits.pages, positive)?;
    fields.update("requests", &mut limits.requests, positive)?;
    fields.update("duration_ms", &mut limits.duration, |input| {
        at_least(input, SHORTEST_RUN)
    })?;
    fields.finish()?;
    Ok(limits)
}

fn positive(input: Input<'_, '_>) -> Result<u32, Problem> {
    input.checked(
        Input::u32,
        |found| *found > 0,
        format_args!("expected at least 1, found 0"),
    )
}

#[cfg(test)]
mod tests {
    use merge_sync_logic::window::Rule;

    use super::*;

    #[track_caller]
    fn refused(text: &str, message: &str) {
        assert_eq!(
            Settings::parse(text).map_err(|problem| problem.message),
            Err(message.into())
        );
    }

    #[test]
    fn every_field_has_a_default() {
        assert_eq!(Settings::parse(""), Ok(Settings::default()));
        assert_eq!(Settings::parse("{}"), Ok(Settings::default()));
        assert_eq!(Settings::parse(" \n"), Ok(Settings::default()));
    }

    #[test]
    fn a_field_that_is_given_counts() {
        let settings = Settings::parse(
            r#"{"rule":"fetch-start","overlap_ms":60000,"full_reread_ms":0,"gate":"model","run_limits":{"pages":2}}"#,
        );
        let settings = settings.expect("settings");
        assert_eq!(settings.rule, Rule::FetchStart);
        assert_eq!(settings.overlap, Milliseconds(60_000));
        assert_eq!(settings.full_reread, None);
        assert_eq!(settings.gate, Gate::Model);
        let default = Settings::default().run_limits;
        assert_eq!(
            settings.run_limits,
            RunLimits {
                pages: 2,
                ..default
            }
        );
    }

    #[test]
    fn a_mistake_is_named() {
        refused("{\"ruel\":1}", "ruel: unknown field");
        refused(
            "{\"rule\":\"loose\"}",
            "rule: `loose` is not one of `contiguous`, `open-ended`, `fetch-start`",
        );
        refused(
            "{\"overlap_ms\":5}",
            "overlap_ms: expected at least 1000 milliseconds",
        );
        refused(
            "{\"run_limits\":{\"pages\":0}}",
            "run_limits.pages: expected at least 1, found 0",
        );
        refused(
            "{\"endpoint_overrides\":{\"hris.Team\":{\"path\":\"teams\"}}}",
            "endpoint_overrides.hris.Team.path: expected a path without a query, such as `/api/hris/v1/employees`",
        );
    }

    #[track_caller]
    fn query(extra: &str) -> Result<Settings, String> {
        let text = alloc::format!(r#"{{"query_extra":{{"hris.Team":"{extra}"}}}}"#);
        Settings::parse(&text).map_err(|problem| problem.message)
    }

    #[test]
    fn a_parameter_that_filters_is_refused() {
        for extra in [
            "a",
            "status=ACTIVE",
            "include_remote_data=true&status=ACTIVE",
            "include_remote_data",
            "include_remote_data=true;expand=team",
            "",
        ] {
            let message = query(extra).expect_err(extra);
            assert!(message.contains("only add"), "{extra}: {message}");
        }
        let extra = "include_remote_data=true&remote_fields=a,b";
        let settings = query(extra).expect("settings");
        assert_eq!(settings.query_extra("hris.Team"), Some(extra));
    }

    #[test]
    fn expand_is_refused_however_it_is_written_and_the_reason_is_given() {
        for extra in [
            "expand=team",
            "EXPAND=team",
            "e%78pand=team",
            "%45XPAND=team",
            "expand[]=team",
            "expand",
            "include_remote_data=true&expand=a,b",
            "expand=a&include_remote_data=true",
        ] {
            let message = query(extra).expect_err(extra);
            assert!(message.contains("expand"), "{extra}: {message}");
            assert!(message.contains("modified_after"), "{extra}: {message}");
        }
    }

    #[test]
    fn a_parameter_that_is_sent_already_is_refused() {
        for extra in [
            "cursor=x",
            "page_size=5",
            "modified_after=2020",
            "modified_before=2020",
            "include_deleted_data=false",
            "include_%64eleted_data=false",
            "include_Deleted_Data=false",
            "include_cancelled=false",
        ] {
            let message = query(extra).expect_err(extra);
            assert!(message.contains("are sent already"), "{extra}: {message}");
        }
    }

    #[test]
    fn a_page_has_one_to_a_hundred_rows() {
        let size = |text: &str| Settings::parse(text).map(|settings| settings.page_size);
        assert_eq!(size("{}"), Ok(100));
        assert_eq!(size("{\"page_size\":1}"), Ok(1));
        assert_eq!(size("{\"page_size\":100}"), Ok(100));
        for text in ["{\"page_size\":0}", "{\"page_size\":101}"] {
            refused(text, "page_size: expected a number from 1 to 100");
        }
    }

    #[test]
    fn an_account_is_sent_one_to_a_hundred_thousand_requests_a_minute() {
        let limit = |text: &str| Settings::parse(text).map(|settings| settings.requests_per_minute);
        assert_eq!(limit("{}"), Ok(100));
        assert_eq!(limit("{\"requests_per_minute\":1}"), Ok(1));
        assert_eq!(limit("{\"requests_per_minute\":100000}"), Ok(100_000));
        for text in [
            "{\"requests_per_minute\":0}",
            "{\"requests_per_minute\":100001}",
        ] {
            refused(
                text,
                "requests_per_minute: expected a number from 1 to 100000",
            );
        }
    }

    #[test]
    fn a_path_of_the_operators_changes_neither_the_key_nor_what_is_always_sent() {
        let text = r#"{"endpoint_overrides":{"ats.Tag":{"path":"/tags"},"calendar.Event":{"path":"/events"}}}"#;
        let settings = Settings::parse(text).expect("settings");
        let listed = |model_id: &str| match settings.endpoint(model_id) {
            Endpoint::Listed(listed) => listed,
            other => panic!("{other:?}"),
        };
        assert_eq!(listed("ats.Tag").key, ["remote_id", "name"]);
        assert_eq!(listed("calendar.Event").always, "include_cancelled=true");
    }
}
