"use strict";
// One hand-in through all questions, with the verdicts of its checks, which can be overruled, and its scorecard.

class HandInView {
  constructor(told, saver) {
    this.told = told;
    this.saver = saver;
    this.questions = new Map(told.questions.map((question) => [question.task, question]));
    this.marked = {};
    this.work = document.getElementById("work");
    this.jump = document.getElementById("jump");
    this.panels = new Map();
    this.sheets = [];
    const click = (id, action) => document.getElementById(id).addEventListener("click", action);
    click("previous", () => this.step(-1));
    click("next", () => this.step(1));
    this.jump.addEventListener("change", () => this.show(this.jump.value));
    addEventListener("popstate", () => this.start());
    document.addEventListener("settled", ({ detail }) => {
      for (const panel of this.all) if (panel.record === detail) panel.render(true);
    });
    saver.addEventListener("change", ({ detail }) => this.saved(detail));
  }

  get all() { return [...this.panels.values(), ...this.sheets]; }

  get keys() { return this.told.hand_ins.map((one) => one.key); }

  name(record) {
    return `${record.key}, ${record.kind === "mark" ? "question" : "check"} ${record.target}`;
  }

  async start() {
    await this.look();
    return this.show(decodeURIComponent(location.pathname.split("/")[2]), true);
  }

  async show(key, replace = false) {
    await this.saver.flushAll();
    this.key = key;
    this.saver.visit += 1;
    const address = `/hand-in/${encodeURIComponent(key)}`;
    if (!replace) history.pushState(null, "", address);
    this.place();
    this.work.setAttribute("aria-busy", "true");
    try {
      const data = await read(`/api${address}`);
      if (this.key !== key) return;
      this.fill(data, key);
    } catch (error) {
      this.work.replaceChildren(make("p", error.message, { class: "failed", role: "alert" }));
    }
    this.work.removeAttribute("aria-busy");
  }

  fill(data, key) {
    this.work.innerHTML = data.html; // from our templates alone, escaped; the policy forbids scripts in it
    ready(this.work);
    this.panels.clear();
    for (const slot of this.work.querySelectorAll("[data-panel]")) {
      const task = slot.dataset.panel;
      const panel = new Panel(this.saver, this.questions.get(task), { keys: false, name: `Marks for question ${task}` });
      panel.element.querySelector(".go").remove();
      panel.show(this.saver.know("mark", key, task, data.marks[task]));
      slot.replaceChildren(panel.element);
      this.panels.set(task, panel);
    }
    const none = { after: null, points: null, text: "", rubric: [], counts: false, can_undo: false, history: [] };
    this.sheets = [...this.work.querySelectorAll("[data-check]")].map((slot) => {
      const { check, most, title } = slot.dataset;
      return new Override(this.saver, slot, Number(most), title, this.saver.know("override", key, check, data.overrides[check] || none));
    });
    document.getElementById("side").replaceChildren(frame(`/scorecard/${encodeURIComponent(key)}`, `Scorecard of ${key}`, "allow-scripts"));
    const place = location.hash && document.getElementById(`q-${decodeURIComponent(location.hash.slice(1))}`);
    if (place) place.scrollIntoView();
    else scrollTo(0, 0);
    document.getElementById("announce").textContent = `${key}, ${document.getElementById("of").textContent}`;
  }

  step(by) {
    const key = this.keys[this.keys.indexOf(this.key) + by];
    if (key) this.show(key);
  }

  // The panel in which the focus is, or the first one.
  get panel() {
    return [...this.panels.values()].find((one) => one.element.contains(document.activeElement));
  }

  // To the panel after the one where the focus is; `open`: one that is not marked.
  question(by, open = false) {
    const panels = [...this.panels.values()];
    const here = panels.indexOf(this.panel);
    const after = by > 0 ? panels.slice(here + 1) : panels.slice(0, Math.max(here, 0)).reverse();
    const next = after.find((panel) => !open || !panel.record.standing.counts);
    if (!next) return;
    next.element.closest("section").scrollIntoView({ block: "start" });
    next.points.focus({ preventScroll: true });
    next.points.select();
  }

  async undo() {
    await this.saver.flushAll();
    const last = this.saver.done.at(-1);
    const panel = last ? this.all.find((one) => one.record.id === last.id) : this.panel;
    if (panel) await panel.undo();
  }

  async look() {
    const task = this.told.questions[0]?.task;
    if (!task) return;
    const data = await read(`/api/overview/${encodeURIComponent(task)}`).catch(() => ({ marked: {} }));
    this.marked = Object.fromEntries(Object.entries(data.marked).map(([name, keys]) => [name, new Set(keys)]));
  }

  saved(record) {
    if (record.kind === "mark" && !record.draft) {
      const done = this.marked[record.target] ||= new Set();
      if (record.standing.counts) done.add(record.key);
      else done.delete(record.key);
    }
    this.place();
  }

  place() {
    const { keys, key } = this;
    const mine = (one) => this.told.hand_ins.find((each) => each.key === one)?.tasks || [];
    const open = (one) => mine(one).filter((task) => !this.marked[task]?.has(one));
    document.getElementById("title").textContent = key;
    document.title = `${key}: marking`;
    document.getElementById("of").textContent = `${keys.indexOf(key) + 1} of ${keys.length}`;
    document.getElementById("count").textContent = `${mine(key).length - open(key).length} of ${mine(key).length} questions marked`;
    document.getElementById("previous").disabled = keys[0] === key;
    document.getElementById("next").disabled = keys.at(-1) === key;
    choices(this.jump, keys, key, (one) => !open(one).length);
    tabs(this.told, this.marked, (task) => this.told.hand_ins.filter((one) => one.tasks.includes(task)).map((one) => one.key), "", async (task) => {
      await this.saver.flushAll();
      location.assign(`/question/${encodeURIComponent(task)}/${encodeURIComponent(this.key)}`);
    });
  }

  get table() {
    const within = (action) => (event) => (this.panel ? action(event) : undefined);
    return [
      [["ArrowUp"], "in the points: a step more", within(() => this.panel.move(1))],
      [["ArrowDown"], "in the points: a step less", within(() => this.panel.move(-1))],
      [["Enter", "n"], "next question that is not marked", () => { this.panel?.confirm(); this.question(1, true); }],
      [["j"], "next question", () => this.question(1)],
      [["k"], "question before", () => this.question(-1)],
      [["]"], "next hand-in", () => this.step(1)],
      [["["], "hand-in before", () => this.step(-1)],
      [["c"], "write a comment; Esc leaves it", within(() => this.panel.write())],
      [["u"], "undo what was decided last", () => this.undo()],
      [["o"], "open the report", () => report(this.work)],
      [["?"], "this list", () => document.getElementById("help").showModal()],
    ];
  }
}

// Points of a person in place of a check's, with the reason that the student reads.
class Override {
  constructor(saver, slot, most, title, record) {
    Object.assign(this, { saver, most, record });
    this.element = document.getElementById("override").content.cloneNode(true).firstElementChild;
    const find = (selector) => this.element.querySelector(selector);
    this.points = find(".points");
    this.reason = find("textarea");
    this.wrong = find(".wrong");
    this.summary = find("summary span");
    find(".most").textContent = number(most);
    find("summary").setAttribute("aria-label", `Overrule: ${title}`);
    find(".save").addEventListener("click", () => this.save());
    find(".undo").addEventListener("click", () => this.undo());
    slot.replaceChildren(this.element);
    this.element.open = Boolean(record.draft);
    saver.addEventListener("change", ({ detail }) => { if (detail === this.record) this.render(false); });
    this.render(true);
  }

  // An override is whole or nothing: points and a reason are saved together, when its author says so.
  async save() {
    const points = typed(this.points.value);
    const text = this.reason.value.trim();
    this.wrong.textContent = points === null || Number.isNaN(points) || points > this.most + 1e-9
      ? `Give points, from 0 to ${number(this.most)}.` : text ? "" : "Say why: the student reads it.";
    if (this.wrong.textContent) return;
    this.record.draft = { points, text, rubric: [] };
    await this.saver.flush(this.record);
  }

  async undo() {
    try {
      await this.saver.undo(this.record);
      this.render(true);
    } catch (error) {
      this.wrong.textContent = `Not undone: ${error.message}`;
    }
  }

  render(all) {
    const { record } = this;
    const { standing } = record;
    const shown = this.saver.shown(record);
    if (all || !record.draft) {
      this.points.value = number(shown.points);
      this.reason.value = shown.text;
    }
    const given = standing.points === null ? "" : `${number(standing.points)} by ${standing.by}, ${at(standing.at)}: ${standing.text}`;
    this.summary.textContent = record.draft ? (record.problem || record.conflict ? "Not saved" : "Saving …")
      : !given ? "Overrule" : standing.counts ? `Overruled: ${given}`
      : `Measured anew since it was overruled. Save it again if it still holds: ${given}`;
    this.element.dataset.state = record.draft ? "unsaved" : standing.counts ? "marked" : given ? "wrong" : "open";
    if (record.problem) this.wrong.textContent = `Not saved: ${record.problem}.`;
    this.element.querySelector(".undo").disabled = !standing.can_undo;
  }
}
