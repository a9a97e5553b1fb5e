"use strict";
// Comfort only: sortable tables, one button for all code, ages of dates, fewer tab stops, a sign of more at the side, all
// unfolded in print.
// Without this script everything can be read.

function key(cell) {
  if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
  const text = cell.textContent.trim();
  const number = /^[+−]?[\d,]*\.?\d+(\s%)?$/.test(text); // as formatted: thousands commas, typographic minus
  return number ? Number(text.replace("−", "-").replace(/[,%\s]/g, "")) : text;
}

function compare(a, b) {
  const blank = (value) => value === "" || value === "–";
  if (blank(a) || blank(b)) return null; // missing values stay at the end, whichever way
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}

function sortBy(table, header) {
  const column = header.cellIndex;
  const ascending = header.getAttribute("aria-sort") !== "ascending";
  const rows = [...table.tBodies[0].rows];
  rows.sort((one, other) => {
    const [a, b] = [key(one.cells[column]), key(other.cells[column])];
    const order = compare(a, b);
    if (order === null) return (a === "–" || a === "") - (b === "–" || b === "");
    return ascending ? order : -order;
  });
  table.tBodies[0].append(...rows);
  for (const each of table.tHead.rows[0].cells) each.setAttribute("aria-sort", "none");
  header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
}

for (const table of document.querySelectorAll("main table.sortable")) {
  if (!table.tHead || table.tBodies[0].rows.length < 2) continue;
  for (const header of table.tHead.rows[0].cells) {
    if (!header.textContent.trim()) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    button.addEventListener("click", () => sortBy(table, header));
    header.append(button);
    header.setAttribute("aria-sort", "none");
  }
}

// The values of a figure are packed inside the page: here they are unpacked before they are saved.
for (const link of document.querySelectorAll('a[download$=".gz"]')) {
  if (!window.DecompressionStream) break;
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    const packed = Uint8Array.from(atob(link.href.split(",")[1]), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const saved = document.createElement("a");
    saved.href = URL.createObjectURL(await new Response(stream).blob());
    saved.download = link.download.replace(/\.gz$/, "");
    saved.click();
    URL.revokeObjectURL(saved.href);
  });
}

const code = [...document.querySelectorAll("details.code")];
if (code.length) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Show all code";
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-pressed") === "false";
    for (const each of code) each.open = open;
    button.setAttribute("aria-pressed", String(open));
    button.textContent = open ? "Hide all code" : "Show all code";
  });
  const holder = document.createElement("p");
  holder.className = "controls";
  holder.append(button);
  document.querySelector("main").prepend(holder);
}

// Only what scrolls needs to be reached by keyboard, and has a shadow at its right while there is more.
function markScrolling() {
  for (const box of document.querySelectorAll(".table, .verdict")) {
    const opened = box.checkVisibility?.() !== false;
    if (opened && box.scrollWidth <= box.clientWidth) box.removeAttribute("tabindex");
    else box.setAttribute("tabindex", "0");
    box.classList.toggle("more", opened && box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
  }
}
markScrolling();
addEventListener("resize", markScrolling);
for (const moment of ["toggle", "scroll"]) document.addEventListener(moment, markScrolling, true);

// A printed page cannot be unfolded; what was folded is folded again afterwards.
let unfolded = [];
addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("main details:not(.code):not([open])")];
  for (const each of unfolded) each.open = true;
});
addEventListener("afterprint", () => {
  for (const each of unfolded) each.open = false;
});

if (matchMedia("(max-width: 62rem)").matches) {
  for (const each of document.querySelectorAll("nav details")) each.open = false;
}

for (const time of document.querySelectorAll("time[datetime]")) {
  const days = Math.floor((Date.now() - new Date(time.dateTime)) / 86400000);
  if (Number.isFinite(days)) time.after(days < 1 ? " (less than a day ago)" : days === 1 ? " (a day ago)" : ` (${days} days ago)`);
}
