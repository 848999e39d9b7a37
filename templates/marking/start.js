"use strict";
// What both views share, and which of them this page is.

// Links of a hand-in leave in a window of their own; reports are fetched when they are unfolded; numbers that a
// machine checked are marked in the text.
function ready(work) {
  for (const link of work.querySelectorAll(".prose a[href]")) link.target = "_blank";
  for (const part of work.querySelectorAll("details[data-report]")) {
    part.addEventListener("toggle", () => {
      if (part.open && !part.querySelector("iframe")) {
        part.append(frame(part.dataset.report, part.querySelector("summary").textContent));
      }
    });
  }
  for (const answer of work.querySelectorAll(".written")) highlight(answer);
}

function frame(address, title, sandbox) {
  const made = make("iframe", "", { src: address, title, ...(sandbox ? { sandbox } : {}) });
  return made;
}

function report(work) {
  const part = work.querySelector("details[data-report]");
  if (part) { part.open = !part.open; part.scrollIntoView(); }
}

// The numbers of each checked fact, where they stand in the text; thousands may be set apart in any way.
function highlight(answer) {
  for (const fact of answer.querySelectorAll(".truths li")) {
    const right = Boolean(fact.querySelector(".outcome.passed"));
    const numbers = (fact.lastElementChild.textContent.match(/\d[\d,.]*\d|\d/g) || []).filter((one) => one.length > 2);
    if (!numbers.length) continue;
    const found = new RegExp(numbers.map((one) => one.replace(/\D/g, "").split("").join("[\\s,.'’]?")).join("|"));
    const walker = document.createTreeWalker(answer.querySelector(".prose"), NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const match = node.parentElement.closest("mark") ? null : found.exec(node.data);
      if (!match) continue;
      const rest = node.splitText(match.index);
      rest.splitText(match[0].length);
      const mark = make("mark", match[0], { class: right ? "right" : "doubtful" });
      rest.replaceWith(mark);
      walker.currentNode = mark;
    }
  }
}

function choices(select, keys, key, done) {
  if (select.options.length !== keys.length || select.options[0]?.value !== keys[0]) {
    select.replaceChildren(...keys.map((one) => make("option", "", { value: one })));
  }
  for (const option of select.options) {
    const text = `${done(option.value) ? "✓" : "\u2007"} ${option.value}`;
    if (option.textContent !== text) option.textContent = text;
  }
  select.value = key;
}

function tabs(told, marked, keys, task, go) {
  const place = document.getElementById("tabs");
  if (!place.children.length) {
    place.append(...told.questions.map((question) => {
      const row = make("li");
      const link = make("a", "", { href: `/question/${encodeURIComponent(question.task)}`, title: question.title });
      const bar = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      bar.setAttribute("viewBox", "0 0 100 2");
      bar.setAttribute("preserveAspectRatio", "none");
      bar.setAttribute("aria-hidden", "true");
      bar.append(document.createElementNS("http://www.w3.org/2000/svg", "rect"));
      bar.firstChild.setAttribute("height", "2");
      link.append(make("b", question.task), make("span", "", { class: "done" }), bar);
      row.append(link);
      return row;
    }));
  }
  for (const [index, { task: name }] of told.questions.entries()) {
    const link = place.children[index].firstElementChild;
    const all = keys(name);
    const count = all.filter((key) => marked[name]?.has(key)).length;
    link.querySelector(".done").textContent = `${count}/${all.length}`;
    link.querySelector("rect").setAttribute("width", String(all.length ? (100 * count) / all.length : 0));
    if (name === task) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    link.onclick = (event) => { event.preventDefault(); go(name); };
  }
}

{
  const told = JSON.parse(document.getElementById("told").textContent);
  const saver = new Saver(told.csrf);
  const view = told.view === "question" ? new QuestionView(told, saver) : new HandInView(told, saver);
  new Saving(saver, (record) => view.name(record));
  new Keys(view.table);
  view.start();
}
