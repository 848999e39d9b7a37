"use strict";
// What one who marks enters: points, items of the rubric, a comment. One panel for a target.

const RUBRIC_KEYS = "asdfgh";
const COMMENT_KEYS = "qwerty";

function make(name, text = "", attributes = {}) {
  const element = document.createElement(name);
  element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function number(value) { return value === null ? "" : String(Math.round(value * 1000) / 1000); }

// Points as they are typed, with a comma or a point: null for none, NaN for what is no number.
function typed(text) {
  const plain = text.trim().replace(",", ".");
  if (plain === "") return null;
  return /^(\d+\.?\d*|\.\d+)$/.test(plain) ? Math.round(Number(plain) * 1000) / 1000 : NaN;
}

function at(time) {
  const day = new Date(time);
  const today = new Date().toDateString() === day.toDateString();
  return day.toLocaleString("en-GB", { timeStyle: "short", ...(today ? {} : { dateStyle: "medium" }) });
}

class Panel {
  // `question`: {task, asks, max_points, steps, rubric}. `keys`: whether its keys are shown beside what they do.
  constructor(saver, question, { keys, name }) {
    this.saver = saver;
    this.question = question;
    this.keys = keys;
    this.element = document.getElementById("panel").content.cloneNode(true).firstElementChild;
    const find = (selector) => this.element.querySelector(selector);
    this.points = find(".points");
    this.comment = find("textarea");
    this.state = find(".state");
    this.wrong = find(".wrong");
    this.sum = find(".sum");
    this.element.setAttribute("aria-label", name);
    find(".asks").textContent = question.asks;
    find(".asks").hidden = !question.asks;
    find(".most").textContent = number(question.max_points);
    this.buttons = question.steps.map((step) => this.step(step));
    find(".offered").append(...this.buttons);
    this.items = question.rubric.map((item, index) => this.item(item, RUBRIC_KEYS[index]));
    find(".rubric").hidden = !this.items.length;
    find(".rubric ul").append(...this.items.map((box) => box.closest("li")));
    this.points.addEventListener("input", () => this.changed());
    this.comment.addEventListener("input", () => { this.grow(); this.changed(); this.offer(); });
    this.comment.addEventListener("blur", () => this.flush());
    find(".undo").addEventListener("click", () => this.undo());
    for (const key of this.element.querySelectorAll("kbd")) key.hidden = !keys;
    saver.addEventListener("change", ({ detail }) => { if (detail === this.record) this.render(false); });
  }

  step(value) {
    const button = make("button", number(value), { type: "button", "aria-pressed": "false" });
    button.addEventListener("click", () => this.give(value));
    return button;
  }

  item(item, key) {
    const row = make("li");
    const label = make("label");
    const box = make("input", "", { type: "checkbox" });
    box.value = item.id;
    box.addEventListener("change", () => this.chosen());
    label.append(box, make("span", item.text, { class: "what" }), make("span", `+${number(item.points)}`, { class: "worth" }));
    row.append(label);
    if (key && this.keys) label.append(make("kbd", key));
    return box;
  }

  show(record) {
    this.record = record;
    this.render(true);
  }

  // What is entered here now; null where the points are none that can be.
  get entered() {
    const points = typed(this.points.value);
    if (Number.isNaN(points) || points > this.question.max_points + 1e-9) return null;
    const rubric = this.items.filter((box) => box.checked).map((box) => box.value);
    return { points, text: this.comment.value, rubric };
  }

  changed() {
    const entered = this.entered;
    if (entered) this.saver.change(this.record, entered);
    this.render(false);
  }

  // Points come from the rubric as soon as an item is chosen; whoever marks may still type others.
  chosen() {
    const worth = this.worth;
    this.points.value = worth === null ? "" : number(worth);
    this.changed();
  }

  get worth() {
    const chosen = this.question.rubric.filter((_, index) => this.items[index].checked);
    const sum = chosen.reduce((all, item) => all + item.points, 0);
    return chosen.length ? Math.min(Math.round(sum * 1000) / 1000, this.question.max_points) : null;
  }

  give(points) {
    this.points.value = number(points);
    this.changed();
  }

  // One of the steps more, or less; from none, the first or the last.
  move(by) {
    const steps = this.question.steps;
    const now = typed(this.points.value);
    const known = now !== null && !Number.isNaN(now);
    const next = by > 0 ? steps.find((step) => !known || step > now) : steps.findLast((step) => !known || step < now);
    if (next !== undefined) this.give(next);
  }

  toggle(index) {
    const box = this.items[index];
    if (box) { box.checked = !box.checked; this.chosen(); }
  }

  // A reusable comment becomes a line of this one, or stops being one.
  say(line) {
    const lines = this.comment.value.split("\n").filter((each) => each.trim());
    const before = lines.findIndex((each) => each.trim() === line);
    if (before >= 0) lines.splice(before, 1);
    else lines.push(line);
    this.comment.value = lines.join("\n");
    this.grow();
    this.changed();
    this.offer();
  }

  // Words of one's own go below a comment that was used before.
  write() {
    const { comment } = this;
    if ((this.known || []).includes(comment.value.split("\n").at(-1).trim())) comment.value += "\n";
    comment.focus();
    comment.setSelectionRange(comment.value.length, comment.value.length);
  }

  flush() { return this.record ? this.saver.flush(this.record) : Promise.resolve(); }

  // A mark that does not count any more, because the work changed since, is given again as it is.
  confirm() {
    const { standing, draft } = this.record;
    if (!draft && standing.points !== null && !standing.counts) {
      this.record.draft = { points: standing.points, text: standing.text, rubric: [...standing.rubric] };
      return this.saver.flush(this.record);
    }
    return this.flush();
  }

  async undo() {
    try {
      await this.saver.undo(this.record);
      this.render(true);
    } catch (error) {
      this.wrong.textContent = `Not undone: ${error.message}`;
    }
  }

  // `all`: fields too; else only what is told of them, so that nobody is disturbed who types.
  render(all) {
    const { record, saver } = this;
    const { standing } = record;
    const shown = saver.shown(record);
    if (all || (!record.draft && document.activeElement !== this.points)) this.points.value = number(shown.points);
    if (all || (!record.draft && document.activeElement !== this.comment)) this.comment.value = shown.text;
    if (all || !record.draft) for (const box of this.items) box.checked = shown.rubric.includes(box.value);
    if (all) { this.grow(); this.offer(); }
    const now = typed(this.points.value);
    const most = this.question.max_points;
    this.wrong.textContent = Number.isNaN(now) ? "Not saved: this is no number."
      : now > most + 1e-9 ? `Not saved: ${number(most)} at most.`
      : record.problem ? `Not saved: ${record.problem}.` : "";
    this.points.setAttribute("aria-invalid", String(Number.isNaN(now) || now > most + 1e-9));
    for (const [index, button] of this.buttons.entries()) {
      button.setAttribute("aria-pressed", String(this.question.steps[index] === now));
    }
    const worth = this.worth;
    this.sum.textContent = worth !== null && worth !== now ? `The items come to ${number(worth)}.` : "";
    this.state.textContent = this.said(record, standing);
    this.state.dataset.state = record.conflict || this.wrong.textContent ? "wrong"
      : record.draft ? "unsaved" : standing.counts ? "marked" : "open";
    this.element.querySelector(".undo").disabled = !standing.can_undo && !record.draft;
    this.history(standing.history);
  }

  said(record, standing) {
    if (record.conflict) return "Not saved: somebody else decided first.";
    if (this.wrong.textContent) return "";
    if (record.sending) return "Saving …";
    if (record.draft) return "Not saved yet";
    if (standing.counts) return `Saved: ${number(standing.points)} by ${standing.by}, ${at(standing.at)}`;
    if (standing.points !== null) return "Given for an earlier version of this hand-in: Enter confirms it.";
    if (standing.text) return `Saved: a comment by ${standing.by}, no points yet`;
    return "Not marked yet";
  }

  history(past) {
    const place = this.element.querySelector(".history");
    place.hidden = past.length < 2;
    place.querySelector("ol").replaceChildren(...past.map((one) => {
      const what = one.points === null ? "no points" : number(one.points);
      return make("li", `${at(one.at)}, ${one.by}${one.undoes ? " took back: " : ": "}${what}${one.text ? `, “${one.text}”` : ""}`);
    }));
  }

  grow() {
    this.comment.style.height = "auto";
    this.comment.style.height = `${this.comment.scrollHeight + 2}px`;
  }

  // Comments that stand with other hand-ins; those that hold what is being typed come first.
  comments(lines) {
    this.known = lines;
    this.offer();
  }

  offer() {
    const place = this.element.querySelector(".again");
    const lines = this.comment.value.split("\n").map((line) => line.trim());
    const last = (lines.at(-1) || "").toLowerCase();
    const known = this.known || [];
    const typing = document.activeElement === this.comment && last && !known.includes(lines.at(-1));
    const found = typing ? known.filter((line) => line.toLowerCase().includes(last)) : known;
    place.hidden = !found.length;
    this.offered = found;
    place.querySelector("ul").replaceChildren(...found.map((line, index) => {
      const button = make("button", "", { type: "button", "aria-pressed": String(lines.includes(line)) });
      button.append(make("span", line));
      if (COMMENT_KEYS[index] && this.keys) button.append(make("kbd", COMMENT_KEYS[index]));
      button.addEventListener("mousedown", (event) => event.preventDefault()); // the comment keeps the cursor
      button.addEventListener("click", () => {
        if (typing) this.comment.value = this.comment.value.split("\n").slice(0, -1).join("\n");
        this.say(line);
      });
      const row = make("li");
      row.append(button);
      return row;
    }));
  }

  again(index) {
    const line = (this.offered || [])[index];
    if (line) this.say(line);
  }
}
