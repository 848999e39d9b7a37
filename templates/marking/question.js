"use strict";
// One question across the class: the work of a hand-in, its panel, and the way to the next.

const KEPT = 12; // hand-ins whose work is kept in the page

class QuestionView {
  constructor(told, saver) {
    this.told = told;
    this.saver = saver;
    this.cache = new Map();
    this.marked = {};
    this.questions = new Map(told.questions.map((question) => [question.task, question]));
    this.work = document.getElementById("work");
    this.side = document.getElementById("side");
    this.jump = document.getElementById("jump");
    this.panels = new Map();
    const click = (id, action) => document.getElementById(id).addEventListener("click", action);
    click("previous", () => this.step(-1));
    click("next", () => this.step(1));
    this.jump.addEventListener("change", () => this.show(this.task, this.jump.value));
    document.getElementById("whole").addEventListener("click", (event) => { event.preventDefault(); this.whole(); });
    addEventListener("popstate", () => this.start());
    document.addEventListener("settled", ({ detail }) => { if (detail === this.panel.record) this.panel.render(true); });
    saver.addEventListener("change", ({ detail }) => this.saved(detail));
  }

  static address(task, key) { return `/question/${encodeURIComponent(task)}/${encodeURIComponent(key)}`; }

  // From the address: the question, and the hand-in or the first one that is not marked.
  async start() {
    const [, , task, key] = location.pathname.split("/").map(decodeURIComponent);
    this.task = task;
    await this.look();
    return this.show(task, key || this.open(task, -1) || this.keys(task)[0], true);
  }

  keys(task) { return this.told.hand_ins.filter((one) => one.tasks.includes(task)).map((one) => one.key); }

  // The next hand-in after a place in the order that is not marked, from the top again after the last; if any.
  open(task, place) {
    const keys = this.keys(task);
    const done = this.marked[task] || new Set();
    return [...keys.slice(place + 1), ...keys.slice(0, place + 1)].find((key) => !done.has(key));
  }

  name(record) { return `${record.key}, question ${record.target}`; }

  // --- one hand-in after the other

  async show(task, key, replace = false) {
    if (this.panel?.record) this.panel.flush(); // it goes on by itself
    const turn = this.turn = Symbol("turn");
    [this.task, this.key] = [task, key];
    this.saver.visit += 1;
    const address = QuestionView.address(task, key);
    if (replace) history.replaceState(null, "", address);
    else if (location.pathname !== address) history.pushState(null, "", address);
    this.place();
    const known = this.cache.get(address)?.data;
    if (known) this.fill(known, task, key);
    else this.wait();
    try {
      const data = known || await this.load(task, key);
      if (this.turn !== turn) return;
      if (!known) this.fill(data, task, key);
      if (known) this.again(task, key, turn);
      this.prefetch();
    } catch (error) {
      if (this.turn === turn) this.work.replaceChildren(make("p", error.message, { class: "failed", role: "alert" }));
    }
  }

  // While nothing is there yet, nothing can be entered: it would be another hand-in's.
  wait() {
    this.side.inert = true;
    this.work.setAttribute("aria-busy", "true");
  }

  fill(data, task, key) {
    this.work.innerHTML = data.html; // from our templates alone, escaped; the policy forbids scripts in it
    ready(this.work);
    this.side.inert = false;
    this.work.removeAttribute("aria-busy");
    let panel = this.panels.get(task);
    if (!panel) {
      panel = new Panel(this.saver, this.questions.get(task), { keys: true, name: `Marks for question ${task}` });
      panel.element.querySelector(".go").addEventListener("click", () => this.on());
      this.panels.set(task, panel);
    }
    if (this.panel !== panel) {
      this.side.replaceChildren(panel.element);
      this.panel = panel;
    }
    if (document.activeElement?.matches(".points, textarea")) document.activeElement.blur();
    panel.comments(this.lines || []);
    panel.show(this.saver.know("mark", key, task, data.standing));
    scrollTo(0, 0);
    document.getElementById("announce").textContent = `${key}, ${document.getElementById("of").textContent}`;
  }

  // What stands is asked again where the work was fetched before: somebody else may have marked it since.
  async again(task, key, turn) {
    const data = await read(`/api/standing/mark/${encodeURIComponent(key)}/${encodeURIComponent(task)}`);
    const record = this.saver.know("mark", key, task, data.standing);
    if (this.turn === turn && !record.draft) this.panel.render(true);
  }

  load(task, key) {
    const address = QuestionView.address(task, key);
    let entry = this.cache.get(address);
    if (!entry) {
      entry = { data: null };
      entry.coming = read(`/api${address}`).then((data) => (entry.data = data));
      entry.coming.catch(() => this.cache.delete(address));
      this.cache.set(address, entry);
      if (this.cache.size > KEPT) this.cache.delete(this.cache.keys().next().value);
    }
    return entry.coming;
  }

  prefetch() {
    const keys = this.keys(this.task);
    const here = keys.indexOf(this.key);
    const wanted = [this.open(this.task, here), keys[here + 1], keys[here - 1]];
    for (const key of new Set(wanted)) if (key && key !== this.key) this.load(this.task, key).catch(() => {});
  }

  step(by) {
    const keys = this.keys(this.task);
    const key = keys[keys.indexOf(this.key) + by];
    if (key) this.show(this.task, key);
  }

  // The next one that is not marked. What is entered here counts as marked: it is on its way.
  next() {
    const key = this.open(this.task, this.keys(this.task).indexOf(this.key));
    if (key && key !== this.key) return this.show(this.task, key);
    document.getElementById("announce").textContent = "Every hand-in is marked in this question.";
    return undefined;
  }

  // Done with this one. What cannot be saved stays in sight.
  async on() {
    if (this.side.inert) return;
    if (!this.panel.entered) { this.panel.points.focus(); return; }
    this.panel.confirm();
    await this.next();
  }

  async question(by) {
    const tasks = [...this.questions.keys()];
    const task = tasks[tasks.indexOf(this.task) + by];
    if (!task) return;
    const key = this.keys(task).includes(this.key) ? this.key : this.keys(task)[0];
    this.task = task;
    this.look();
    await this.show(task, key);
  }

  async undo() {
    await this.panel.flush();
    const last = this.saver.done.at(-1);
    const record = last ? this.saver.records.get(last.id) : this.panel.record;
    if (record !== this.panel.record) await this.show(record.target, record.key);
    await this.panel.undo();
  }

  async whole() {
    await this.saver.flushAll();
    location.assign(`/hand-in/${encodeURIComponent(this.key)}#${encodeURIComponent(this.task)}`);
  }

  // --- how far the class is

  async look() {
    const task = this.task;
    try {
      const data = await read(`/api/overview/${encodeURIComponent(task)}`);
      this.marked = Object.fromEntries(Object.entries(data.marked).map(([name, keys]) => [name, new Set(keys)]));
      if (task === this.task) {
        this.lines = data.comments;
        this.panel?.comments(this.lines);
      }
      this.place();
    } catch { /* saving tells it where it matters */ }
  }

  saved(record) {
    if (record.kind !== "mark") return;
    const done = this.marked[record.target] ||= new Set();
    const { points } = this.saver.shown(record);
    const counts = record.draft ? points !== null && !record.problem && !record.conflict : record.standing.counts;
    const before = done.has(record.key);
    if (counts) done.add(record.key);
    else done.delete(record.key);
    if (before !== counts) this.place();
    if (!record.draft) {
      clearTimeout(this.looking);
      this.looking = setTimeout(() => this.look(), SOON); // what others marked meanwhile, and the comments
    }
  }

  place() {
    const { task, key } = this;
    const keys = this.keys(task);
    const done = this.marked[task] || new Set();
    const question = this.questions.get(task);
    document.getElementById("title").replaceChildren(make("span", task, { class: "tid" }), ` ${question.title}`);
    document.title = `${task} ${key || ""}: marking`;
    document.getElementById("of").textContent = key ? `${keys.indexOf(key) + 1} of ${keys.length}` : "";
    document.getElementById("count").textContent = `${keys.filter((one) => done.has(one)).length} of ${keys.length} marked`;
    document.getElementById("previous").disabled = keys[0] === key;
    document.getElementById("next").disabled = keys.at(-1) === key;
    choices(this.jump, keys, key, (one) => done.has(one));
    tabs(this.told, this.marked, (name) => this.keys(name), task, (name) => {
      this.task = name;
      this.look();
      const known = this.keys(name).includes(this.key);
      return this.show(name, known && !this.marked[name]?.has(this.key) ? this.key : this.open(name, -1) || this.keys(name)[0]);
    });
  }

  get table() {
    const { panel } = this;
    const first = (action) => (event) => (this.side.inert ? undefined : action(event));
    return [
      [["0", "…", "9", "."], "points, as many as you type", first((event) => this.type(event))],
      [["ArrowUp"], "a step more", first(() => this.panel.move(1))],
      [["ArrowDown"], "a step less", first(() => this.panel.move(-1))],
      [["m"], "all points", first(() => this.panel.give(this.panel.question.max_points))],
      [[...RUBRIC_KEYS].slice(0, 6), "an item of the rubric", first((event) => this.panel.toggle(RUBRIC_KEYS.indexOf(event.key)))],
      [["c"], "write a comment; Esc leaves it", first(() => this.panel.write())],
      [[...COMMENT_KEYS], "a comment that was used before", first((event) => this.panel.again(COMMENT_KEYS.indexOf(event.key)))],
      [["Enter"], "done: on to the next that is not marked (Ctrl+Enter in a comment)", () => this.on()],
      [["n"], "next that is not marked", () => this.next()],
      [["j", "ArrowRight"], "next hand-in", () => this.step(1)],
      [["k", "ArrowLeft"], "hand-in before", () => this.step(-1)],
      [["]"], "next question", () => this.question(1)],
      [["["], "question before", () => this.question(-1)],
      [["u"], "undo what was decided last", () => this.undo()],
      [["o"], "open the report", () => report(this.work)],
      [["v"], "all questions of this hand-in", () => this.whole()],
      [["?"], "this list", () => document.getElementById("help").showModal()],
    ];
  }

  // The first sign of points goes into the field, in place of what is there.
  type(event) {
    this.panel.points.value = "";
    this.panel.points.focus();
    return false; // the browser types it
  }
}
