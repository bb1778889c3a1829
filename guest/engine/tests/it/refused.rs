//! A list that is refused as unauthorized, where the account may not be.

use merge_sync_engine::store::Occasion;
use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::types::Milliseconds;

use crate::support::{Answer, Host, at, done, ok, page, status};
use crate::webhooks::{linked, noted};

const MODELS: [(&str, &str); 2] = [("hris.Employee", "09:30"), ("hris.Team", "09:30")];

/// Merge refuses employees with 401 and serves everything else.
fn employees_refused(target: &str) -> Answer {
    match target {
        _ if target.contains("/sync-status") => ok(&done(&MODELS)),
        _ if target.contains("/employees") => status(401),
        _ => ok(&page(&[("t1", "09:00")], None)),
    }
}

/// Run from wake-up to wake-up until this time of day, with a webhook a minute.
fn run_until(host: &mut Host, time: &str, merge: impl Fn(&str) -> Answer) {
    while host.now < at(time) {
        host.keep(noted("hris.Employee.synced", "{}"));
        host.run(&merge).expect("a report");
        let next_webhook = host.now.plus(Milliseconds(60_000));
        host.sleep();
        host.now = host.now.min(next_webhook);
        while host.due_at().is_some_and(|due| due > host.now) {
            host.now = host.now.plus(Milliseconds(1_000));
        }
    }
}

fn heard(host: &Host, occasion: Occasion) -> usize {
    let notices = host.notices.iter();
    notices.filter(|notice| notice.occasion == occasion).count()
}

#[test]
fn a_list_that_is_refused_rests_and_holds_up_no_other_model() {
    let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
    run_until(&mut host, "15:00", employees_refused);
    let asked = host.requests.iter().filter(|to| to.contains("/employees"));
    assert!(asked.count() <= 6, "once an hour: {:?}", host.requests);
    assert_eq!(host.rows.len(), 1, "the other model is read");
    assert_eq!(heard(&host, Occasion::NeedsAttention), 1, "told once");
    assert_eq!(heard(&host, Occasion::Recovered), 0);
    let trouble = host.view().trouble.expect("trouble");
    assert_eq!(trouble.kind, TroubleKind::Park);
    assert!(trouble.text.contains("hris.Employee"), "{}", trouble.text);
}

#[test]
fn a_list_that_is_refused_makes_a_poll_due_which_tells_of_the_whole_account() {
    let mut host = Host::linked("{}");
    host.run(employees_refused).expect("a report");
    assert_eq!(
        host.due_at(),
        Some(at("10:00:10")),
        "ten seconds after the poll"
    );
    host.sleep();
    host.run(|_| status(401)).expect("a report");
    assert_eq!(host.due_at(), Some(at("11:00:10")), "hourly");
    let trouble = host.view().trouble.expect("trouble");
    assert!(
        trouble.text.contains("this account's token"),
        "{}",
        trouble.text
    );
}

#[test]
fn a_new_token_and_a_key_that_is_mended_end_the_rest() {
    let all_served = |target: &str| match target {
        _ if target.contains("/sync-status") => ok(&done(&MODELS)),
        _ => ok(&page(&[("e1", "09:00")], None)),
    };
    let mut host = Host::linked("{}");
    host.run(employees_refused).expect("a report");
    host.keep(linked("T2", true));
    host.run(all_served).expect("a report");
    assert_eq!(host.view().trouble, None, "a relink");

    let mut host = Host::linked("{}");
    host.run(employees_refused).expect("a report");
    host.sleep();
    host.run(|_| status(401)).expect("a report");
    host.now = at("10:20");
    host.request(merge_sync_engine::command::Command::Poll);
    host.run(all_served).expect("a report");
    assert_eq!(host.view().trouble, None, "a good poll behind a bad one");
    assert_eq!(host.rows.len(), 2);
}

/// The account's own trouble is worse, and another.
#[test]
fn a_refused_list_does_not_hide_that_the_whole_account_is_refused() {
    let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
    run_until(&mut host, "11:00", employees_refused);
    run_until(&mut host, "13:00", |_| status(401));
    let texts: Vec<_> = host
        .notices
        .iter()
        .filter(|notice| notice.occasion == Occasion::NeedsAttention)
        .map(|notice| &*notice.text)
        .collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[1].contains("this account's token"), "{texts:?}");
}
