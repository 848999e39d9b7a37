"use strict";
// Both pages can be read in full without this.

// Folded parts are printed too.
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details:not([open])")) {
    part.open = true;
    addEventListener("afterprint", () => { part.open = false; }, { once: true });
  }
});

// Tables sort by their headers, which become buttons; cells say what they sort by in data-key.
const collator = new Intl.Collator("en", { numeric: true });

function compare(a, b) {
  const [x, y] = [Number(a), Number(b)];
  return a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y) ? x - y : collator.compare(a, b);
}

for (const table of document.querySelectorAll("table[data-sortable]")) {
  const headers = [...table.tHead.rows[0].cells];
  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const first = header.dataset.first || "ascending";
      const second = first === "ascending" ? "descending" : "ascending";
      const order = header.getAttribute("aria-sort") === first ? second : first;
      for (const other of headers) other.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const body = table.tBodies[0];
      const keyed = [...body.rows].map((row) => [row.cells[column].dataset.key ?? "", row]);
      keyed.sort((a, b) => sign * compare(a[0], b[0]));
      body.append(...keyed.map((pair) => pair[1]));
    });
  });
}

// The class table shows the rows that meet all its filters. What a row is asked for is read once, and rows are only
// written to: nothing is measured in between, so the browser lays the table out once.
const filters = document.querySelector(".filters");
const filtered = document.querySelector("table[data-filterable]");
if (filters && filtered) {
  const controls = Object.fromEntries([...filters.querySelectorAll("[data-by]")].map((one) => [one.dataset.by, one]));
  const words = (text) => new Set(text.split(" ").filter(Boolean));
  const known = [...filtered.tBodies[0].rows].map((row) => ({
    row,
    text: row.cells[0].textContent.toLowerCase(),
    outcomes: [...row.querySelectorAll(".mark")].map((cell) => cell.dataset.key),
    finding: words(row.dataset.findings),
    note: words(row.dataset.notes),
    total: words(row.dataset.total),
  }));
  const clear = filters.querySelector(".clear");
  const status = filters.querySelector(".shown");

  const met = (one, asked) =>
    one.text.includes(asked.text)
    && (asked.outcome === "" || (asked.task === "" ? one.outcomes.includes(asked.outcome)
      : one.outcomes[asked.task] === asked.outcome))
    && ["finding", "note", "total"].every((name) => !asked[name] || one[name].has(asked[name]));

  const show = () => {
    const asked = Object.fromEntries(Object.entries(controls).map(([name, one]) => [name, one.value]));
    asked.text = asked.text.trim().toLowerCase();
    let count = 0;
    for (const one of known) {
      const shown = met(one, asked);
      count += shown;
      if (one.row.hidden === shown) one.row.hidden = !shown;
    }
    const all = known.length;
    status.textContent = count === all ? `${all} shown` : `${count} of ${all} shown`;
    clear.hidden = Object.values(asked).every((value) => value === "");
  };

  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; show(); });
  };
  filters.addEventListener("input", soon);
  clear.addEventListener("click", () => {
    for (const one of Object.values(controls)) one.value = "";
    show();
    controls.text.focus();
  });
  // A link such as "12 hand-ins" leads to the table, and shows these.
  for (const link of document.querySelectorAll("a[data-by]")) {
    link.addEventListener("click", () => {
      for (const one of Object.values(controls)) one.value = "";
      controls[link.dataset.by].value = link.dataset.value;
      show();
    });
  }
  filters.hidden = false;
  show();
}
