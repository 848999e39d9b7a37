"use strict";
// The keyboard: one table of what each key does, from which the list behind "?" is made as well.

class Keys {
  // `table`: [keys, what they do in words, what they do]. Letters do nothing while text is typed.
  constructor(table) {
    this.on = localStorage.getItem("harness-keys") !== "off";
    this.actions = new Map(table.flatMap(([keys, , action]) => keys.map((key) => [key, action])));
    this.help = document.getElementById("help");
    const rows = table.filter(([keys]) => keys.length).map(([keys, words]) => {
      const row = make("tr");
      const cell = make("th", "", { scope: "row" });
      cell.append(...keys.flatMap((key, index) => [index ? " " : "", make("kbd", Keys.label(key))]));
      row.append(cell, make("td", words));
      return row;
    });
    this.help.querySelector("tbody").append(...rows);
    const box = document.getElementById("keys-on");
    box.checked = this.on;
    box.addEventListener("change", () => {
      this.on = box.checked;
      localStorage.setItem("harness-keys", this.on ? "on" : "off");
    });
    document.getElementById("help-open").addEventListener("click", () => this.help.showModal());
    document.getElementById("help-close").addEventListener("click", () => this.help.close());
    document.addEventListener("keydown", (event) => this.pressed(event));
  }

  static label(key) {
    return { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" }[key] || key;
  }

  pressed(event) {
    if (document.querySelector("dialog[open]") || event.isComposing) return;
    const { target, key } = event;
    const control = event.ctrlKey || event.metaKey;
    if (event.altKey || (control && key !== "Enter")) return;
    const text = target.matches("textarea");
    const points = target.matches(".points");
    if (key === "Escape" && (text || points)) { target.blur(); return; }
    if (text) {
      if (key !== "Enter" || !control) return;
    } else if (points) {
      if (/^[\d.,]$/.test(key) || ["ArrowLeft", "ArrowRight"].includes(key)) return;
    } else if (target.matches("select, input:not([type=checkbox])")) {
      return;
    } else if (key === "Enter" && target.matches("button, a, summary")) {
      return; // it does what it says
    } else if (["ArrowUp", "ArrowDown"].includes(key) && target.closest("[tabindex='0']")) {
      return; // it scrolls
    }
    if (!this.on && key.length === 1 && !points) return;
    const action = this.actions.get(key) || (/^[\d.,]$/.test(key) && this.actions.get("0"));
    if (!action) return;
    if (action(event) !== false) event.preventDefault();
  }
}
