"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const by = id => document.getElementById(id);

// Columns are sorted by buttons in their heads.
for (const table of all("table")) {
  all("thead th[data-sort]", table).forEach(head => {
    const column = head.cellIndex;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      all("thead th[aria-sort]", table).forEach(other => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = row => {
        const cell = row.cells[column];
        return cell.dataset.v === undefined ? cell.textContent.trim() : Number(cell.dataset.v);
      };
      const body = table.tBodies[0];
      const rows = [...body.rows].map(row => [key(row), row]);
      rows.sort(([a], [b]) => (typeof a === "string" ? a.localeCompare(b) : a - b) * (up ? 1 : -1));
      body.append(...rows.map(([, row]) => row));
    });
  });
}

// What is not meant by the filter is hidden in the table, and pale in the graph.
const find = by("find");
if (find) {
  find.closest("label").hidden = false;
  find.addEventListener("input", () => {
    const wanted = find.value.toLowerCase();
    for (const row of all("#table tbody tr")) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      by("g" + row.id.slice(1))?.classList.toggle("out", row.hidden);
    }
  });
}

// A cell's dependencies and dependents are marked while the pointer is on it, and when it was chosen.
const graph = document.querySelector("#graph svg");
const mark = id => {
  all(".on", graph).forEach(marked => marked.classList.remove("on"));
  if (!id) return;
  for (const edge of all(".e[data-e]", graph)) {
    const ends = edge.dataset.e.split(" ");
    if (!ends.includes(id)) continue;
    edge.classList.add("on");
    ends.forEach(end => by("g" + end)?.classList.add("on"));
  }
};
const chosen = () => /^#[gr](\d+)$/.exec(location.hash)?.[1];
if (graph) {
  graph.addEventListener("pointerover", event => mark(event.target.closest(".n")?.id.slice(1) ?? chosen()));
  graph.addEventListener("pointerleave", () => mark(chosen()));
  addEventListener("hashchange", () => mark(chosen()));
  mark(chosen());
}

// Pictures are enlarged by buttons.
for (const pan of all(".pan")) {
  const svg = pan.querySelector("svg");
  if (!svg) continue;
  const { width, height } = svg.viewBox.baseVal;
  const tools = document.createElement("div");
  tools.className = "bar";
  let scale = 1;
  const set = next => {
    scale = Math.min(4, Math.max(0.05, next));
    svg.setAttribute("width", width * scale);
    svg.setAttribute("height", height * scale);
  };
  const fit = () => Math.min(1, (pan.clientWidth - 2) / width);
  for (const [label, next] of [
    ["Zoom in", () => scale * 1.25],
    ["Zoom out", () => scale / 1.25],
    ["Full size", () => 1],
    ["Fit width", fit],
  ]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => set(next()));
    tools.append(button);
  }
  pan.before(tools);
}

// The token is kept until the tab is closed.
const token = by("token");
if (token) {
  try {
    token.value = sessionStorage.getItem("cells-token") ?? "";
    token.form.addEventListener("submit", () => sessionStorage.setItem("cells-token", token.value));
  } catch {
    // The browser keeps nothing for this page.
  }
}
