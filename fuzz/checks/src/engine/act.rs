//! What a script can do to the account.

use merge_sync_engine::command::{self, Command, NewAccount};
use merge_sync_engine::receive::receive;
use merge_sync_engine::settings::Settings;
use merge_sync_engine::step::{Effect, Event, Run, step};
use merge_sync_engine::store::{Change, Committed, LoadedAccount};
use merge_sync_engine::view::inspect;
use merge_sync_logic::types::{Account, Milliseconds, Secret, Timestamp};

use super::fragments::{self, MODELS, SETTINGS};
use super::run::{Call, Running};
use super::store::{ACCOUNT, SECRET, Store, check_change, check_no_secret};
use super::{START, wire};
use crate::bytes::Bytes;
use crate::signing::signed;

/// What happens next. The byte's top bit chooses the run.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(crate) enum Act {
    /// An operator links the account.
    Link,
    /// A run starts; one that was under way crashed.
    Start,
    /// What was asked for is done, one way or another.
    Fit,
    /// Merge answers with a body of the script's own.
    Raw,
    /// The request is not answered.
    NotSent,
    /// The commit fails, is lost, or the account is gone.
    NotCommitted,
    /// Something happens that nobody asked for.
    Misfit,
    /// Time passes, or the clock is set back.
    Clock,
    /// A webhook of the script's own arrives.
    Webhook,
    /// A plausible webhook arrives.
    Event,
    /// An operator commands.
    Command,
    /// Somebody looks.
    Inspect,
    /// A run starts from a state that this version never wrote.
    Foreign,
}

const ACTS: [Act; 13] = [
    Act::Link,
    Act::Start,
    Act::Fit,
    Act::Raw,
    Act::NotSent,
    Act::NotCommitted,
    Act::Misfit,
    Act::Clock,
    Act::Webhook,
    Act::Event,
    Act::Command,
    Act::Inspect,
    Act::Foreign,
];

/// Every command; those about one model and pass are about these.
fn commands(model_id: &str, pass: u64) -> [Command; 8] {
    [
        Command::Poll,
        Command::Reread,
        Command::Pause,
        Command::Resume,
        Command::Unlink,
        Command::Reset,
        Command::RereadModel(model_id.into()),
        Command::ApproveDeletions(model_id.into(), pass),
    ]
}

/// 2100-01-01T00:00:00Z.
const END: Timestamp = Timestamp(4_102_444_800_000_000);

const KEY: &str = "a key";

/// The account, its hosts, and the time.
#[derive(Debug)]
pub(crate) struct World {
    settings: Settings,
    settings_text: &'static str,
    now: Timestamp,
    store: Store,
    runs: [Option<Running>; 2],
    tokens: u32,
}

impl World {
    pub(crate) fn new(settings: u8) -> Self {
        let settings_text = SETTINGS[usize::from(settings) % SETTINGS.len()];
        Self {
            settings: Settings::parse(settings_text).expect("settings"),
            settings_text,
            now: START,
            store: Store::default(),
            runs: [None, None],
            tokens: 0,
        }
    }

    pub(crate) fn act(&mut self, script: &mut Bytes<'_>) {
        let byte = script.u8();
        let who = usize::from(byte >> 7);
        let act = ACTS[usize::from(byte & 0x7f) % ACTS.len()];
        match act {
            Act::Link => self.link(script.u8()),
            Act::Start => self.start(who),
            Act::Fit => self.fit(who, script),
            Act::Raw => self.raw(who, script.sized_text()),
            Act::NotSent => {
                let error = fragments::send_error(script);
                self.answer(who, Event::SendError(error));
            }
            Act::NotCommitted => self.not_committed(who, script.u8()),
            Act::Misfit => self.misfit(who, script),
            Act::Clock => self.pass(script.u8()),
            Act::Webhook => self.webhook(&script.sized_text()),
            Act::Event => {
                let token = self.token();
                let body = fragments::webhook(script, ACCOUNT, &token);
                self.webhook(&body);
            }
            Act::Command => self.command(script.u8()),
            Act::Inspect => self.inspect(script.one_of(&MODELS)),
            Act::Foreign => self.foreign(&script.sized_text()),
        }
    }

    fn token(&mut self) -> String {
        self.tokens += 1;
        format!("{SECRET}{}", self.tokens)
    }

    fn link(&mut self, category: u8) {
        let token = self.token();
        let new = NewAccount {
            account: Account {
                id: ACCOUNT.into(),
                category: ["", "hris", "ats"][usize::from(category) % 3].into(),
                ..Account::default()
            },
            token: Some(Secret(token)),
            linked_at: None,
        };
        let note = command::link(&new, self.now);
        self.store.keep(note);
    }

    fn start(&mut self, who: usize) {
        let call = call(&self.settings, self.settings_text, self.now);
        let running = Running::start(call, self.store.load());
        let too_early = self.store.is_too_early(self.now);
        assert!(
            !too_early || running.is_over,
            "a run started before not-before"
        );
        self.runs[who] = Some(running);
    }

    fn answer(&mut self, who: usize, event: Event) {
        if let Some(running) = &mut self.runs[who] {
            running.step(call(&self.settings, self.settings_text, self.now), event);
        }
    }

    fn fit(&mut self, who: usize, script: &mut Bytes<'_>) {
        let Some(running) = &self.runs[who] else {
            return;
        };
        let event = match &running.effect {
            Effect::Finished(_) => return,
            Effect::Send(request) => Event::Response(fragments::response(script, &request.target)),
            Effect::Commit(change) => {
                let (change, heard) = (change.clone(), running.demanded);
                match self.commit(&change, script.u8(), heard) {
                    Some(committed) => Event::Committed(committed),
                    None => Event::Stale(Some(self.store.load())),
                }
            }
        };
        self.answer(who, event);
    }

    /// A commit of a run that `heard` a server's demand.
    fn commit(
        &mut self,
        change: &Change,
        swept: u8,
        heard: Option<Timestamp>,
    ) -> Option<Committed> {
        let committed = self.store.commit(change, swept)?;
        self.store.check_progress(&self.settings, self.now);
        self.store.check_demand(heard, self.now);
        Some(committed)
    }

    fn raw(&mut self, who: usize, body: String) {
        if !body.contains(SECRET) {
            self.answer(who, Event::Response(fragments::ok(200, body)));
        }
    }

    fn not_committed(&mut self, who: usize, how: u8) {
        let Some(running) = &self.runs[who] else {
            return;
        };
        if let (Effect::Commit(change), 1) = (&running.effect, how % 3) {
            // The store did it, and nobody was told.
            let (change, heard) = (change.clone(), running.demanded);
            self.commit(&change, how, heard);
        }
        let event = match how % 3 {
            0 => Event::Stale(None),
            _ => Event::Unavailable(wire::problem("the disk is full")),
        };
        self.answer(who, event);
    }

    fn misfit(&mut self, who: usize, script: &mut Bytes<'_>) {
        let event = match script.u8() % 4 {
            0 => Event::Started(self.store.load()),
            1 => Event::Stale(Some(self.store.load())),
            2 => Event::Response(fragments::response(script, "/sync-status")),
            _ => Event::SendError(fragments::send_error(script)),
        };
        self.answer(who, event);
    }

    /// From a millisecond to about a year ahead; or back.
    fn pass(&mut self, byte: u8) {
        let span = Milliseconds(1 << (u32::from(byte & 0x7f) % 36));
        let moved = if byte & 0x80 == 0 {
            self.now.plus(span)
        } else {
            self.now.minus(span)
        };
        self.now = moved.clamp(Timestamp::EPOCH, END);
    }

    fn webhook(&mut self, body: &str) {
        let received = receive(&signed(body, KEY, &[KEY]));
        check_no_secret(&format!("{received:?}"));
        assert_eq!(received.reply.status, 200);
        if let Some(note) = received.note.filter(|note| note.account == ACCOUNT) {
            self.store.keep(note);
        }
    }

    fn command(&mut self, choice: u8) {
        let loaded = self.store.load();
        let (model_id, pass) = self.held_sweep(&loaded);
        let all = commands(&model_id, pass);
        let command = all[usize::from(choice) % all.len()].clone();
        let change = command::request(ACCOUNT, &loaded, command.clone(), &self.settings, self.now);
        let change = change.expect("our own state is read");
        check_change(&change);
        if command == Command::Unlink {
            let noted = loaded.notes.iter().map(|note| note.number);
            assert!(noted.eq(change.consumed.iter().copied()));
        } else {
            assert!(change.consumed.is_empty());
        }
        if command == Command::Reset {
            self.store.forget_progress();
        }
        let committed = self.commit(&change, 0, None);
        assert!(committed.is_some(), "not what was loaded");
    }

    /// The first sweep that waits for approval, or one that does not.
    fn held_sweep(&self, loaded: &LoadedAccount) -> (String, u64) {
        let view = inspect(ACCOUNT, loaded, &[], &self.settings, self.now).ok();
        let models = view.iter().flat_map(|view| &view.models);
        let mut held = models.filter_map(|model| {
            let held = model.held_sweep.as_ref()?;
            Some((model.status.model_id.clone(), held.pass))
        });
        held.next().unwrap_or_else(|| (MODELS[0].into(), 1))
    }

    fn inspect(&self, model: &str) {
        let required = [model.to_owned()];
        let view = inspect(
            ACCOUNT,
            &self.store.load(),
            &required,
            &self.settings,
            self.now,
        );
        check_no_secret(&format!("{view:?}"));
    }

    /// Any text in the state's place: refused, or taken and then written as it will be read.
    fn foreign(&self, state: &str) {
        let loaded = |state: &str| LoadedAccount {
            state: state.into(),
            version: "7".into(),
            notes: Vec::new(),
        };
        let _ = step(
            Run::new(ACCOUNT),
            &self.settings,
            self.now,
            Event::Started(loaded(state)),
        );
        let _ = inspect(ACCOUNT, &loaded(state), &[], &self.settings, self.now);
        for command in commands(MODELS[0], 1) {
            let request = |state: &str| {
                let loaded = loaded(state);
                command::request(ACCOUNT, &loaded, command.clone(), &self.settings, self.now)
            };
            if let Ok(first) = request(state) {
                let again = request(&first.state).expect("our own state is read");
                assert_eq!(again.state, first.state, "{command:?} twice is not once");
            }
        }
    }
}

fn call<'a>(settings: &'a Settings, settings_text: &'a str, now: Timestamp) -> Call<'a> {
    Call {
        settings,
        settings_text,
        now,
    }
}
