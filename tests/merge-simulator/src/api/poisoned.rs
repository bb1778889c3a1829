//! Lists of models that are poisoned.

use serde_json::{Value, json};

use crate::Merge;
use crate::api::list::Filter;
use crate::api::offset::{self, OffsetCursor};
use crate::api::page::{Key, Page, invalid_cursor};
use crate::api::query::Query;
use crate::api::{Handled, Response};
use crate::poison::{Poison, break_body};
use crate::time::MINUTE;
use crate::world::record::{Record, Version};

/// The rows of a read, in order: key, number, record and the version that is served.
type Items<'a> = Vec<(&'a Key, (usize, &'a Record, &'a Version))>;

impl Merge {
    /// Answer a list as the poisons have it.
    pub(super) fn poisoned_list(
        &mut self,
        number: usize,
        model: usize,
        query: &Query,
        poisons: &[Poison],
    ) -> Handled {
        let (mut asked, mark) = split_cursor(query.text("cursor"));
        if let Some(instead) = self.poisoned_answer(number, query, poisons, mark) {
            return instead;
        }
        if mark.is_some_and(|(kind, _)| kind == REPEATED) {
            asked = None;
        }
        let inner = query.with_cursor(asked.as_deref());
        let filtered = self.accounts[number].models[model].spec.is_filtered();
        let ignored = poisons.contains(&Poison::FiltersIgnored);
        let filter = Filter::parse(query, filtered && !ignored)?;
        let found = self.poisoned_page(number, model, &inner, poisons, &filter);
        self.note_misuse(&inner, found.is_err());
        let (mut page, read) = found?;
        self.refuse_large(number, poisons, page.results.len())?;
        self.mark_next(poisons, query.text("cursor"), mark, &mut page);
        self.stats.list_reads += u64::from(query.text("cursor").is_none());
        self.stats.rows += page.results.len() as u64;
        if poisons.contains(&Poison::OffsetCursorsShift)
            && query.text("modified_before").is_some()
            && page.next.is_some()
        {
            self.disturb(number, model, &read);
        }
        let mut response = Response::json(200, &page);
        if poisons.contains(&Poison::UnreadableNext) && page.next.is_some() {
            response = Response::json(200, &json!({ "next": 7, "results": page.results }));
        }
        for poison in poisons {
            response.body = break_body(response.body, *poison);
        }
        Ok(response)
    }

    /// What is answered before any row is looked at.
    fn poisoned_answer(
        &mut self,
        number: usize,
        query: &Query,
        poisons: &[Poison],
        mark: Option<(char, i64)>,
    ) -> Option<Handled> {
        let now = self.now;
        let later = query.text("cursor").is_some();
        for poison in poisons {
            match *poison {
                Poison::ScopeOff => {
                    let text = "Your organization has disabled this common model.";
                    return Some(Err(Response::detail(403, text)));
                }
                Poison::ListRefused { status } => {
                    return Some(Err(Response::detail(status, "This list is refused.")));
                }
                Poison::CursorsRefused { status } if later => {
                    return Some(Err(Response::detail(status, "Invalid cursor")));
                }
                Poison::HugeBody { bytes } => return Some(Ok(huge(bytes))),
                Poison::EmptyFullReads if !later && !query.is_bounded() => {
                    return Some(Ok(Response::json(200, &empty(None))));
                }
                Poison::FlakyPages { one_in, minutes } => {
                    let dice = &mut self.accounts[number].poison_dice;
                    if dice.below(one_in.max(1)) == 0 {
                        let status = *dice.pick(&[500, 502, 503, 504]);
                        return Some(Err(Response::detail(status, "A server error occurred.")));
                    }
                    if let Some(('t', made)) = mark
                        && now - made > minutes * MINUTE
                    {
                        return Some(Err(invalid_cursor()));
                    }
                }
                Poison::EmptyPagesForever => {
                    if let Some(('e', nth)) = mark {
                        let next = format!("x.e{}", nth.saturating_add(1));
                        return Some(Ok(Response::json(200, &empty(Some(next)))));
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// The page, and the numbers of the first three records of the whole read.
    fn poisoned_page(
        &self,
        number: usize,
        model: usize,
        query: &Query,
        poisons: &[Poison],
        filter: &Filter<'_>,
    ) -> Result<(Page<Value>, Vec<usize>), Response> {
        let now = self.now;
        let account = &self.accounts[number];
        let held = &account.models[model];
        let raw = query.flag("include_remote_data");
        let rows = held.order.iter().filter_map(|(key, record)| {
            let number = *record;
            let record = held.records.get(number)?;
            let version = record.visible(now)?;
            let wanted = held.enabled && filter.admits(record, version);
            wanted.then_some((key, (number, record, version)))
        });
        let rows: Items<'_> = rows.collect();
        let first = rows.iter().take(3).map(|(_, (number, ..))| *number);
        let first: Vec<usize> = first.collect();
        let render = |(number, record, version): (usize, &Record, &Version)| {
            let row = record.row(version, held.spec, raw);
            let mut tree = account.row_tree(model, number, row, now);
            account.break_row(model, number, now, &mut tree);
            tree
        };
        let clamp = poisons.iter().find_map(|poison| poison.offset_clamp());
        let page = match clamp {
            Some(clamp) => self.offset_page(query, &rows, clamp, render)?,
            None => {
                let path = held.spec.path.unwrap_or_default();
                let what = format!("{}/{path}", account.id);
                self.page(&what, query, rows.into_iter(), render)?
            }
        };
        Ok((page, first))
    }

    fn offset_page(
        &self,
        query: &Query,
        rows: &Items<'_>,
        clamp: usize,
        render: impl Fn((usize, &Record, &Version)) -> Value,
    ) -> Result<Page<Value>, Response> {
        let cursor = match query.text("cursor") {
            None => OffsetCursor::default(),
            Some(text) => OffsetCursor::decode(text, clamp).ok_or_else(invalid_cursor)?,
        };
        let size = query.page_size().min(self.config.page_size_at_most.max(1));
        let keys: Vec<&Key> = rows.iter().map(|(key, _)| *key).collect();
        let (places, next) = offset::page(&keys, cursor, size);
        Ok(Page {
            next: next.map(OffsetCursor::encode),
            previous: None,
            results: places.iter().map(|place| render(rows[*place].1)).collect(),
        })
    }

    /// Refuse a page that holds more than comes through.
    fn refuse_large(
        &mut self,
        number: usize,
        poisons: &[Poison],
        rows: usize,
    ) -> Result<(), Response> {
        let limit = poisons.iter().find_map(|poison| match poison {
            Poison::PageSizeLimit { rows } => Some(*rows),
            _ => None,
        });
        if limit.is_none_or(|limit| rows <= limit) {
            return Ok(());
        }
        let failures = [(502, "502 Bad Gateway"), (504, "504 Gateway Time-out")];
        let (status, title) = *self.accounts[number].poison_dice.pick(&failures);
        Err(Response::html(status, title))
    }

    /// What the poisons make of the cursor of the next page.
    fn mark_next(
        &self,
        poisons: &[Poison],
        asked: Option<&str>,
        mark: Option<(char, i64)>,
        page: &mut Page<Value>,
    ) {
        for poison in poisons {
            match poison {
                Poison::RepeatedPages if page.next.is_some() => {
                    page.next = Some(repeated(mark));
                }
                Poison::LastPageNamesItself if page.next.is_none() => {
                    page.next = asked.map(str::to_owned);
                }
                Poison::EmptyPagesForever if page.next.is_none() => {
                    page.next = Some("x.e1".to_owned());
                }
                Poison::FlakyPages { .. } => {
                    if let Some(next) = &mut page.next {
                        *next = format!("{next}.t{}", self.now);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Marks a cursor that leads to the first page again.
const REPEATED: char = 'r';

/// The cursor that leads to the first page once more.
pub(super) fn repeated(mark: Option<(char, i64)>) -> String {
    let nth = mark.map_or(0, |(_, nth)| nth);
    format!("x.{REPEATED}{}", nth.saturating_add(1))
}

/// A cursor without the mark that a poison put behind it, and that mark.
pub(super) fn split_cursor(cursor: Option<&str>) -> (Option<String>, Option<(char, i64)>) {
    let Some(text) = cursor else {
        return (None, None);
    };
    let parts = text.rsplit_once('.').and_then(|(inner, mark)| {
        let mut chars = mark.chars();
        let kind = chars.next()?;
        Some((inner, (kind, chars.as_str().parse().ok()?)))
    });
    match parts {
        Some((inner, mark)) => (Some(inner.to_owned()), Some(mark)),
        None => (Some(text.to_owned()), None),
    }
}

fn empty(next: Option<String>) -> Value {
    json!({ "next": next, "previous": null, "results": [] })
}

/// A lawful page of nothing but empty lists.
fn huge(bytes: usize) -> Response {
    let (head, tail) = (r#"{"next":null,"previous":null,"results":["#, "[]]}");
    let body = format!("{head}{}{tail}", "[],".repeat(bytes / 3));
    Response::raw(200, "application/json", body.into_bytes())
}
