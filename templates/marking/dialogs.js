"use strict";
// What is said of saving: a line at the top, loud where something is not saved; and what to do about a conflict.

class Saving {
  // `name`: what a person calls a record's target.
  constructor(saver, name) {
    this.saver = saver;
    this.name = name;
    this.line = document.getElementById("saved");
    this.alarm = document.getElementById("unsaved");
    this.dialog = document.getElementById("conflict");
    saver.addEventListener("change", () => this.render());
    document.getElementById("try").addEventListener("click", () => this.again());
    this.dialog.addEventListener("close", () => this.settle(this.dialog.returnValue));
    for (const button of this.dialog.querySelectorAll("button")) {
      button.addEventListener("click", () => this.dialog.close(button.value));
    }
    addEventListener("beforeunload", (event) => { if (saver.unsaved.length) event.preventDefault(); });
    addEventListener("pagehide", () => saver.flushAll());
    this.render();
  }

  render() {
    const { unsaved } = this.saver;
    const failed = unsaved.filter((record) => record.problem || record.conflict);
    const done = this.saver.done.length;
    this.line.textContent = unsaved.length ? (failed.length ? "" : "Saving …") : done ? "All saved" : "";
    this.alarm.hidden = !failed.length;
    if (failed.length) {
      const count = failed.length === 1 ? "1 decision is not saved" : `${failed.length} decisions are not saved`;
      const told = failed.map((record) => this.told(record));
      this.alarm.querySelector("strong").textContent = `${count}. `;
      this.alarm.querySelector("span").textContent = "This page keeps them, and tries again every few seconds.";
      this.alarm.querySelector("ul").replaceChildren(...told.map((text) => make("li", text)));
    }
    const conflict = unsaved.find((record) => record.conflict);
    if (conflict && !this.dialog.open && conflict !== this.later) this.ask(conflict);
  }

  // At once, and not only when the time comes; what was put off is asked again.
  again() {
    this.later = null;
    this.saver.flushAll();
    this.render();
  }

  told(record) {
    const { points, text } = record.draft;
    const why = record.conflict ? "somebody else decided first" : record.problem;
    return `${this.name(record)}: ${points === null ? "no points" : number(points)}${text ? `, “${text}”` : ""} (${why})`;
  }

  // --- two who decided about the same thing

  ask(record) {
    this.asked = record;
    const fill = (id, decided, by) => {
      const place = document.getElementById(id);
      place.querySelector(".by").textContent = by;
      place.querySelector(".given").textContent = decided.points === null ? "no points" : `${number(decided.points)} points`;
      place.querySelector(".text").textContent = decided.text || "no comment";
    };
    const theirs = record.conflict;
    document.getElementById("conflict-what").textContent = this.name(record);
    fill("theirs", theirs, theirs.by ? `${theirs.by}, ${at(theirs.at)}` : "nothing is there any more");
    fill("mine", record.draft, "this page, not saved");
    this.dialog.returnValue = "";
    this.dialog.showModal();
  }

  async settle(choice) {
    const record = this.asked;
    if (choice === "mine" || choice === "theirs") await this.saver.settle(record, choice === "mine");
    else this.later = record; // closed with Escape: it stays unsaved, and is said so
    document.dispatchEvent(new CustomEvent("settled", { detail: record }));
    this.render();
  }
}
