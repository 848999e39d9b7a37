"use strict";
// Decisions on their way to the disk. A draft is kept here, and in the tab's own storage, until the server has said
// that it is on the disk; what could not be saved is told, kept, and tried again.

const SOON = 400; // ms after the last change: what is typed in one go becomes one decision
const AGAIN = 3000; // ms until a decision that the server did not take is tried again
const DRAFTS = "harness-drafts";

class Refused extends Error {} // the server understood, and says no; trying again changes nothing

class Saver extends EventTarget {
  constructor(csrf) {
    super();
    this.csrf = csrf;
    this.records = new Map();
    this.done = []; // what this page saved, for undo, the latest last: {id, visit, times}
    this.visit = 0; // goes up with each hand-in that is shown: what is saved in one visit is undone at once
    this.restore();
  }

  static id(kind, key, target) { return JSON.stringify([kind, key, target]); }

  // What is known of a target; `standing` is what the server last said of it, unless a draft here rests on less.
  know(kind, key, target, standing) {
    const id = Saver.id(kind, key, target);
    let record = this.records.get(id);
    if (!record) {
      record = { id, kind, key, target, standing, draft: null, sending: null, problem: "", conflict: null, timer: 0, visit: 0 };
      this.records.set(id, record);
    } else if (!record.draft && !record.sending && (standing.after || 0) >= (record.standing.after || 0)) {
      record.standing = standing; // ids grow: what was fetched before it was decided anew is older
    }
    return record;
  }

  get unsaved() { return [...this.records.values()].filter((record) => record.draft); }

  // What is shown of a target: the draft where there is one.
  shown(record) { return record.draft || record.standing; }

  change(record, draft) {
    record.draft = same(draft, record.standing) && !record.sending ? null : draft;
    record.problem = "";
    record.visit = this.visit;
    this.wait(record, SOON);
    this.tell(record);
  }

  wait(record, time) {
    clearTimeout(record.timer);
    record.timer = record.draft ? setTimeout(() => this.flush(record), time) : 0;
  }

  // Send a draft at once. Resolves when it is saved, or is known not to be.
  async flush(record) {
    clearTimeout(record.timer);
    while (record.sending) await record.sending;
    if (!record.draft || record.conflict) return;
    record.sending = this.send(record);
    this.tell(record);
    await record.sending;
  }

  async flushAll() { await Promise.all(this.unsaved.map((record) => this.flush(record))); }

  async send(record) {
    const sent = record.draft;
    try {
      const { status, data } = await this.post("/api/decide", { ...this.about(record), ...sent });
      if (status === 409 && !same(sent, data.standing)) {
        record.conflict = data.standing;
      } else { // saved now; or before, and the answer was lost
        record.standing = data.standing;
        record.problem = "";
        this.note(record);
        if (record.draft === sent) record.draft = null;
      }
    } catch (error) {
      record.problem = error.message;
      if (!(error instanceof Refused)) this.wait(record, AGAIN);
    }
    record.sending = null;
    if (record.draft && !record.problem && !record.conflict) this.wait(record, SOON);
    this.tell(record);
  }

  note({ id, visit }) {
    const before = this.done.find((one) => one.id === id && one.visit === visit);
    if (before) before.times += 1;
    else this.done.push({ id, visit, times: 1 });
  }

  // Take back what was decided about a target in the last visit, or else the last decision about it. Where somebody
  // else decided since, theirs stands and is shown.
  async undo(record) {
    await this.flush(record);
    if (record.draft) return;
    const place = this.done.findLastIndex(({ id }) => id === record.id);
    const [{ times }] = place < 0 ? [{ times: 1 }] : this.done.splice(place, 1);
    for (let left = times; left > 0; left -= 1) {
      const { status, data } = await this.post("/api/undo", this.about(record));
      record.standing = data.standing;
      if (status === 409) break;
    }
    this.tell(record);
  }

  // Somebody else decided first: theirs stands, or mine is saved over it.
  settle(record, mine) {
    record.standing = record.conflict;
    record.conflict = null;
    if (!mine) record.draft = null;
    this.tell(record);
    return this.flush(record);
  }

  about(record) {
    return { kind: record.kind, key: record.key, target: record.target, after: record.standing.after };
  }

  async post(address, body) {
    let answer;
    try {
      answer = await fetch(address, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Harness-CSRF": this.csrf },
        body: JSON.stringify(body),
        keepalive: true,
      });
    } catch {
      throw new Error("the server does not answer");
    }
    if (answer.ok || answer.status === 409) return { status: answer.status, data: await answer.json() };
    const words = await answer.json().then((data) => data.words, () => "");
    if (answer.status === 400) throw new Refused(words);
    throw new Error(words || "the server was started anew: open the address that it printed, in this tab");
  }

  tell(record) {
    this.store();
    this.dispatchEvent(new CustomEvent("change", { detail: record }));
  }

  // --- the tab's own storage: what is unsaved outlives a reload

  store() {
    const kept = this.unsaved.map(({ kind, key, target, standing, draft }) => ({ kind, key, target, standing, draft }));
    try {
      if (kept.length) sessionStorage.setItem(DRAFTS, JSON.stringify(kept));
      else sessionStorage.removeItem(DRAFTS);
    } catch { /* storage is full or forbidden: the page itself still has it, and warns before it is left */ }
  }

  restore() {
    let kept = [];
    try { kept = JSON.parse(sessionStorage.getItem(DRAFTS) || "[]"); } catch { /* not ours: nothing to restore */ }
    for (const { kind, key, target, standing, draft } of kept) {
      const record = this.know(kind, key, target, standing);
      record.draft = draft;
      this.wait(record, 0);
    }
  }
}

function same(one, other) {
  return one.points === other.points && one.text.trim() === other.text.trim()
    && [...one.rubric].sort().join() === [...other.rubric].sort().join();
}

async function read(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer) throw new Error("The server does not answer.");
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(data.words || "The server was started anew: open the address that it printed.");
  return data;
}
