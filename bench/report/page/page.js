(function () {
  "use strict";

  // The address holds the view: #standings?task=...&sort=ece, #samples?run=...&view=...
  function readAddress() {
    const [place, query] = decodeHash().split(/\?(.*)/s);
    return { place, values: new URLSearchParams(query || "") };
  }
  function decodeHash() {
    return location.hash.slice(1);
  }
  function writeAddress(place, values) {
    for (const [key, value] of [...values]) {
      if (!value) values.delete(key);
    }
    const query = values.toString();
    history.replaceState(null, "", "#" + place + (query ? "?" + query : ""));
  }
  function element(kind, text, className) {
    const made = document.createElement(kind);
    if (text !== undefined && text !== null) made.textContent = text;
    if (className) made.className = className;
    if (className === "said") made.tabIndex = 0; // long ones scroll, by keyboard too
    return made;
  }

  // ---- the table -------------------------------------------------------------------------------
  const table = document.getElementById("standings-table");
  const filters = document.getElementById("filters");
  const bodies = table ? [...table.tBodies] : [];
  const rowsOf = (body) => [...body.rows].filter((row) => !row.classList.contains("task"));
  const first = new Map(bodies.map((body) => [body, rowsOf(body)]));
  let sorted = { key: "", down: false };

  function keyOf(row, column) {
    if (column === 0) return row.dataset.name.toLowerCase();
    const value = row.cells[column].dataset.value;
    if (value === undefined) return null;
    return column === 1 ? value : Number(value);
  }
  function sortBy(key, down) {
    const heads = [...table.querySelectorAll("th[data-sort]")];
    const column = heads.findIndex((head) => head.dataset.sort === key);
    sorted = column < 0 ? { key: "", down: false } : { key, down };
    heads.forEach((head, i) => {
      if (i === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    for (const body of bodies) {
      const rows = [...first.get(body)];
      if (column >= 0) {
        rows.sort((a, b) => {
          const [x, y] = [keyOf(a, column), keyOf(b, column)];
          if (x === null || y === null) return (x === null) - (y === null);
          return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
        });
      }
      body.append(...rows);
    }
  }
  function applyFilters() {
    const wanted = {};
    for (const input of filters.querySelectorAll("[data-filter]")) {
      wanted[input.dataset.filter] = input.value;
    }
    let shown = 0, all = 0;
    for (const body of bodies) {
      let here = 0;
      for (const row of rowsOf(body)) {
        const fits = Object.entries(wanted).every(([key, value]) =>
          !value || (key === "name"
            ? row.dataset.name.toLowerCase().includes(value.toLowerCase())
            : row.dataset[key] === value));
        row.hidden = !fits;
        here += fits;
        all += 1;
      }
      body.hidden = here === 0;
      shown += here;
    }
    filters.querySelector("output").textContent = shown + " of " + all + " rows";
  }
  function keepStandings() {
    const values = new URLSearchParams();
    for (const input of filters.querySelectorAll("[data-filter]")) {
      values.set(input.dataset.filter, input.value);
    }
    values.set("sort", sorted.key);
    values.set("down", sorted.down ? "1" : "");
    writeAddress("standings", values);
  }
  function showStandings(values) {
    for (const input of filters.querySelectorAll("[data-filter]")) {
      input.value = values.get(input.dataset.filter) || "";
    }
    sortBy(values.get("sort") || "", values.get("down") === "1");
    applyFilters();
  }
  if (table) {
    filters.hidden = filters.classList.contains("few");
    for (const head of table.querySelectorAll("th[data-sort]")) {
      const button = element("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const key = head.dataset.sort;
        sortBy(key, sorted.key === key && !sorted.down);
        keepStandings();
      });
    }
    filters.addEventListener("input", () => { applyFilters(); keepStandings(); });
    filters.addEventListener("reset", () => setTimeout(() => { applyFilters(); keepStandings(); }));
    filters.addEventListener("submit", (event) => event.preventDefault());
    applyFilters();
  }

  // ---- the sample browser ----------------------------------------------------------------------
  const browser = document.getElementById("browser");
  const holder = document.getElementById("rows");
  const more = document.getElementById("more");
  const STEP = 10;
  const SURE = 0.9;
  const VIEWS = {
    "": "all",
    "sure-wrong": "sure and wrong",
    "unsure-right": "unsure and right",
    "unparsed": "unparsed",
    "right": "right",
    "wrong": "wrong",
    "only-this": "this right, that wrong",
    "only-that": "this wrong, that right",
    "sure-apart": "both sure, one wrong",
  };
  const TWO = ["only-this", "only-that", "sure-apart"];
  let data = null, found = [], shown = 0, item = "";

  function unpack(list) {
    const [place, sample, confidence, correct, status, kind, answer, stated, text] = list;
    return { place, sample, confidence, correct, status, kind, answer, stated, text };
  }
  function cellOf(run, task) {
    return data.cells.find((cell) => cell.run === run && cell.task === task);
  }
  function fill(select, values, labels) {
    select.replaceChildren(...values.map((value, i) => {
      const option = element("option", labels ? labels[i] : value);
      option.value = value;
      return option;
    }));
  }
  function choose(select, value) {
    select.value = value;
    if (select.selectedIndex < 0) select.selectedIndex = 0;
  }
  function offerRuns() {
    const task = browser.elements.task.value;
    const runs = data.cells.filter((cell) => cell.task === task).map((cell) => cell.run);
    const before = [browser.elements.run.value, browser.elements.other.value];
    fill(browser.elements.run, runs);
    fill(browser.elements.other, ["", ...runs], ["nothing", ...runs]);
    choose(browser.elements.run, before[0]);
    choose(browser.elements.other, before[1]);
  }
  function fits(view, row, mate) {
    const sure = (one) => one.confidence !== null && one.confidence >= SURE;
    switch (view) {
      case "sure-wrong": return row.kind === "sure and wrong";
      case "unsure-right": return row.kind === "unsure and right";
      case "unparsed": return row.kind === "unparsed";
      case "right": return row.correct === 1;
      case "wrong": return row.correct === 0;
      case "only-this": return Boolean(mate) && row.correct > mate.correct;
      case "only-that": return Boolean(mate) && row.correct < mate.correct;
      case "sure-apart":
        return Boolean(mate) && sure(row) && sure(mate) && row.correct !== mate.correct;
      default: return true;
    }
  }
  function holds(text, question, row, mate) {
    const places = [question.q, question.gold, question.item, question.groups, row.text, row.answer];
    if (mate) places.push(mate.text, mate.answer);
    return places.some((place) => place && place.toLowerCase().includes(text));
  }
  function search() {
    const form = browser.elements;
    const cell = cellOf(form.run.value, form.task.value);
    const other = cellOf(form.other.value, form.task.value);
    const mates = new Map((other ? other.rows : []).map((list) => [list[0] + "/" + list[1], list]));
    const text = form.q.value.trim().toLowerCase();
    found = [];
    for (const list of cell ? cell.rows : []) {
      const row = unpack(list);
      const mate = mates.has(row.place + "/" + row.sample)
        ? unpack(mates.get(row.place + "/" + row.sample)) : null;
      const question = data.questions[row.place];
      if (item && question.item !== item) continue;
      if (!fits(form.view.value, row, mate)) continue;
      if (text && !holds(text, question, row, mate)) continue;
      found.push({ row, mate, question });
    }
    const there = cell ? cell.total : 0;
    const needs = TWO.includes(form.view.value) && !other ? "; choose a run beside it" : "";
    browser.querySelector("output").textContent = found.length + " shown of " +
      (cell ? cell.rows.length : 0) + " in this file, " + there + " answered" + needs +
      (item ? "; one question" : "");
    holder.replaceChildren();
    shown = 0;
    showMore();
  }
  function showMore() {
    for (const one of found.slice(shown, shown + STEP)) holder.append(article(one));
    shown = Math.min(shown + STEP, found.length);
    more.hidden = shown >= found.length;
  }
  function article(one) {
    const made = element("article");
    const head = element("h3", null);
    const link = element("a", "link to this question");
    const values = address();
    values.set("item", one.question.item);
    link.href = "#samples?" + values.toString();
    const groups = one.question.groups ? " \u00b7 " + one.question.groups : "";
    head.append(element("span", "question " + one.question.item + groups + " \u00b7 "), link);
    made.append(head);
    if (one.question.q !== null) made.append(element("div", one.question.q, "said"));
    if (one.question.gold !== null) {
      const gold = element("p", "Right answer: ");
      gold.append(element("b", one.question.gold));
      made.append(gold);
    }
    const pair = element("div", null, "pair");
    pair.append(answerOf(browser.elements.run.value, one.row));
    if (one.mate) pair.append(answerOf(browser.elements.other.value, one.mate));
    made.append(pair);
    return made;
  }
  function answerOf(run, row) {
    const made = element("div");
    const line = element("p", run + ": ");
    line.append(element("span", row.correct ? "right" : "wrong", row.correct ? "right" : "wrong"));
    const stated = row.confidence === null
      ? row.status.replace(/_/g, " ") : "states " + row.confidence;
    // The words only where they are not the number: "90 %", "high".
    const words = row.stated === null || Number(row.stated) === row.confidence ? "" : row.stated;
    line.append(", " + stated + (words ? " (\u201c" + words + "\u201d)" : ""));
    // Where none was found, the status says it; flat files hold none that could be shown.
    if (row.answer !== null) line.append(", answer ", element("b", row.answer));
    if (row.sample >= 0) line.append(", sample " + (row.sample + 1));
    made.append(line);
    if (row.text !== null) made.append(element("div", row.text, "said"));
    return made;
  }
  function address() {
    const values = new URLSearchParams();
    for (const key of ["task", "run", "other", "view", "q"]) {
      if (browser.elements[key].value) values.set(key, browser.elements[key].value);
    }
    return values;
  }
  function keepSamples() {
    const values = address();
    if (item) values.set("item", item);
    writeAddress("samples", values);
  }
  function showSamples(values) {
    choose(browser.elements.task, values.get("task") || "");
    offerRuns();
    choose(browser.elements.run, values.get("run") || "");
    choose(browser.elements.other, values.get("other") || "");
    choose(browser.elements.view, values.get("view") || "");
    browser.elements.q.value = values.get("q") || "";
    item = values.get("item") || "";
    search();
  }
  if (browser) {
    data = JSON.parse(document.getElementById("samples-data").textContent);
    browser.hidden = false;
    fill(browser.elements.task, [...new Set(data.cells.map((cell) => cell.task))]);
    fill(browser.elements.view, Object.keys(VIEWS), Object.values(VIEWS));
    offerRuns();
    browser.elements.view.value = "sure-wrong";
    browser.addEventListener("input", (event) => {
      item = "";
      if (event.target.name === "task") offerRuns();
      search();
      keepSamples();
    });
    browser.addEventListener("submit", (event) => event.preventDefault());
    more.addEventListener("click", showMore);
    search();
  }

  // ---- addresses -------------------------------------------------------------------------------
  function follow() {
    const { place, values } = readAddress();
    if (place === "standings" && table && values.toString()) showStandings(values);
    if (place === "samples" && browser && values.toString()) showSamples(values);
    const target = place && document.getElementById(place);
    if (!target) return;
    for (let at = target; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") at.open = true;
    }
    target.scrollIntoView();
  }
  window.addEventListener("hashchange", follow);
  follow();
})();
