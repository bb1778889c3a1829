// Stores with one mistake each, over one without.

/** Each takes a subject and a clock, and makes of it one with its mistake. */
export const MISTAKES = {
  "note numbers are reused": ({ store, ...rest }) => {
    const load = async (account) => {
      const loaded = await store.load(account);
      const notes = loaded?.notes.map((note, place) => ({ ...note, number: place + 1 }));
      return loaded && { ...loaded, notes };
    };
    const commit = async (change) => {
      const notes = (await store.load(change.account))?.notes ?? [];
      const consumed = change.consumed.flatMap((number) => notes[number - 1]?.number ?? []);
      return store.commit({ ...change, consumed });
    };
    return { ...rest, store: over(store, { load, commit }) };
  },

  "a start is moved later": ({ store, ...rest }, clock) => {
    const noted = new Map();
    const keepNote = async (note) => {
      noted.set(note.account, clock());
      return store.keepNote(note);
    };
    const commit = async (change) => {
      noted.delete(change.account);
      return store.commit(change);
    };
    const due = async (now, limit) =>
      (await store.due(now, limit)).filter(({ account }) => (noted.get(account) ?? now) <= now);
    return { ...rest, store: over(store, { keepNote, commit, due }) };
  },

  "rows are written without state": ({ store, ...rest }, clock, database) => {
    const commit = async (change) => {
      const done = await store.commit(change);
      if (done.tag === "stale" && done.current !== null) {
        for (const { modelId, rows } of change.batches) {
          for (const { id, json } of rows) {
            database
              .prepare("INSERT OR IGNORE INTO records VALUES (?, ?, ?, NULL, NULL, 0, 0, 0, 0, ?)")
              .run(change.account, modelId, id, json);
          }
        }
      }
      return done;
    };
    return { ...rest, store: over(store, { commit }) };
  },

  "erasing leaves a note's token": ({ store, ...rest }) => {
    const secrets = new Map();
    const key = (account, number) => JSON.stringify([account, number]);
    const load = async (account) => {
      const loaded = await store.load(account);
      const notes = loaded?.notes.map((note) => ({
        ...note,
        secret: secrets.get(key(account, note.number)) ?? note.secret,
      }));
      return loaded && { ...loaded, notes };
    };
    const commit = async (change) => {
      for (const note of (await store.load(change.account))?.notes ?? []) {
        secrets.set(key(change.account, note.number), note.secret);
      }
      return store.commit(change);
    };
    return { ...rest, store: over(store, { load, commit }) };
  },

  "a sweep counts dead rows": ({ store, ...rest }) => {
    const commit = async (change) => {
      const done = await store.commit(change);
      if (!done.swept) return done;
      const rows = rest.rows(change.account, change.sweep.modelId);
      const dead = rows.filter(({ deleted }) => deleted).length - done.swept.marked;
      return { ...done, swept: { ...done.swept, live: done.swept.live + dead } };
    };
    return { ...rest, store: over(store, { commit }) };
  },

  "a notice is skipped": ({ notices, ...rest }) => ({
    ...rest,
    notices: (after, limit) => notices(after, limit).slice(after === null ? 0 : 1),
  }),

  "stale is ignored": ({ store, ...rest }) => {
    const commit = async (change) => {
      const expected = (await store.load(change.account))?.version ?? null;
      return store.commit({ ...change, expected });
    };
    return { ...rest, store: over(store, { commit }) };
  },

  "an empty field of a profile replaces": ({ store, profile, ...rest }) => {
    const said = new Map();
    const keepNote = async (note) => {
      if (note.profile !== null) said.set(note.account, note.profile);
      return store.keepNote(note);
    };
    return {
      ...rest,
      store: over(store, { keepNote }),
      profile: (account) => said.get(account) ?? profile(account),
    };
  },
};

/** `store` with some of its functions replaced. */
export function over(store, functions) {
  const names = ["keepNote", "load", "commit", "token", "due", "nextStart"];
  const all = names.map((name) => [name, (...given) => store[name](...given)]);
  return { ...Object.fromEntries(all), ...functions };
}
